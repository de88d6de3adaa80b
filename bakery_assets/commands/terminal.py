"""The terminal that commands print to: names in what they print are shown and never obeyed."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from bakery_assets.visible_text import visible


class VisibleConsole(Console):
    """A console that writes out controls, escape sequences and bidi overrides of the texts it is given.

    What rich itself puts between them, such as colors, is no text and stays. Tags such as ``[red]`` and names of emoji
    are shown as well; a command that uses tags itself says ``markup=True``, and puts names in as ``Text``.
    """

    def __init__(self, *, markup: bool = False, **options: Any) -> None:
        super().__init__(markup=markup, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, their texts visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(_visible_lines(segment.text), segment.style)


def _visible_lines(text: str) -> str:
    if text.isprintable():
        return text
    return "\n".join(map(visible, text.split("\n")))
