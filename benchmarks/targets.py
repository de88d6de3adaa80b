"""Targets: the limits of a figure, the figure, and whether it is within them."""

from collections.abc import Iterator, Mapping
from typing import Any

Target = dict[str, Any]


def at_most(what: str, value: float, limit: float) -> Target:
    """The figure may be the limit, and not more."""
    return _target(what, value, value <= limit, at_most=limit)


def below(what: str, value: float, limit: float) -> Target:
    """The figure has to be less than the limit."""
    return _target(what, value, value < limit, below=limit)


def at_least(what: str, value: float, limit: float) -> Target:
    """The figure may be the limit, and not less."""
    return _target(what, value, value >= limit, at_least=limit)


def between(what: str, value: float, low: float, high: float) -> Target:
    """The figure has to lie between the limits, or be one of them."""
    return _target(what, value, low <= value <= high, at_least=low, at_most=high)


def between_unless_chance(
    what: str, value: float, low: float, high: float, *, expected: float, interval: tuple[float, float] | None
) -> Target:
    """The figure has to lie between the limits, unless its ``interval`` holds what is ``expected``."""
    is_chance = interval is not None and interval[0] <= expected <= interval[1]
    target = _target(what, value, low <= value <= high or is_chance, at_least=low, at_most=high)
    return {**target, "interval": interval}


def as_line(target: Target) -> str:
    """A target as a line."""
    limits = ", ".join(
        f"{word.replace('_', ' ')} {target[word]}" for word in ("below", "at_least", "at_most") if word in target
    )
    interval = target.get("interval")
    if interval is not None:
        limits += f"; by chance {interval[0]:.3f} to {interval[1]:.3f}"
    return f"{'reached' if target['reached'] else 'MISSED ':8} {target['target']}: {target['value']} ({limits})"


def missed(figures: Mapping[str, Any]) -> Iterator[Target]:
    """The targets that were not reached, at any depth of a benchmark's figures."""
    for name, value in figures.items():
        if name == "targets":
            yield from (target for target in value if not target["reached"])
        elif isinstance(value, Mapping):
            yield from missed(value)


def skipped(figures: Mapping[str, Any]) -> Iterator[str]:
    """Why something was not measured, at any depth of a benchmark's figures."""
    for name, value in figures.items():
        if name == "skipped":
            yield value
        elif isinstance(value, Mapping):
            yield from skipped(value)


def _target(what: str, value: float, is_reached: bool, **limits: float) -> Target:
    return {"target": what, "value": round(value, 4), **limits, "reached": is_reached}
