"""Refuses to build a wheel: it would put `resources`, `sensors` and `migrations` into site-packages and could not run.

An editable install, as `make setup` does, only points to the tree and is built.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REASON = (
    "bakery_assets is an application that runs from its tree, and has no wheel. Copy the tree (an image does the same) "
    "and run `make setup` in it; see docs/operations.md."
)


class NoWheel(BuildHookInterface):
    """Hatchling's hook, called before a wheel of either kind is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Let an editable install pass.

        Raises:
            RuntimeError: it would be a wheel with copies of the code.
        """
        if version != "editable":
            raise RuntimeError(REASON)
