"""The picture and the table of the house in docs/architecture.md, made from the code: `python -m docs.house`.

A room is a package or module directly below a top-level package. Layers are those of import-linter's contract in
pyproject.toml, so the picture cannot show another order than the one that is checked. An arrow means "imports"; arrows
that follow from others are left out. A room's line is the first sentence of its docstring.
"""

import ast
import re
import tomllib
from pathlib import Path

import grimp

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "architecture.md"
BEGIN, END = "<!-- house: made by `make docs` -->", "<!-- end of house -->"
ROOTS = ("bakery_assets", "resources", "schedules", "sensors")
Edges = dict[str, set[str]]


def render(page: str) -> str:
    """The page with the picture and the table between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert rest, f"{PAGE} has no line {BEGIN}"
    layers = _layers()
    rooms = [room for layer in layers for room in layer]
    return f"{before}{BEGIN}\n\n{_picture(layers, _reduced(_imports(rooms)))}\n\n{_table(rooms)}\n\n{END}{after}"


def _layers() -> list[list[str]]:
    """Rooms by layer, the highest first, as import-linter's contract has them."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [sorted(re.split(r"\s*[|:]\s*", layer)) for layer in layers]


def _imports(rooms: list[str]) -> Edges:
    """The rooms that each room imports directly."""
    graph = grimp.build_graph(*ROOTS)
    found: Edges = {room: set() for room in rooms}
    owner = {module: _room(module, rooms) for module in graph.modules}
    for module, room in owner.items():
        if room:
            found[room] |= {owner[each] or room for each in graph.find_modules_directly_imported_by(module)} - {room}
    return found


def _room(module: str, rooms: list[str]) -> str | None:
    return next((room for room in rooms if module == room or module.startswith(f"{room}.")), None)


def _reduced(edges: Edges) -> Edges:
    """The same without arrows to rooms that are reached through another room (transitive reduction)."""

    def reach(room: str) -> set[str]:
        return edges[room].union(*(reach(each) for each in edges[room]))

    return {room: near - set().union(*(reach(each) for each in near)) for room, near in edges.items()}


def _picture(layers: list[list[str]], edges: Edges) -> str:
    lines = ["```mermaid", "flowchart TB"]
    for number, layer in enumerate(layers):
        lines += [f"  subgraph layer{number}[ ]", "    direction LR"]
        lines += [f'    {_id(room)}["{_name(room)}"]' for room in layer]
        lines.append("  end")
    lines += [f"  {_id(room)} --> {_id(each)}" for room, near in edges.items() for each in sorted(near)]
    return "\n".join([*lines, "```"])


def _table(rooms: list[str]) -> str:
    rows = [f"| `{room.replace('.', '/')}` | {_summary(room)} |" for room in rooms]
    return "\n".join(["| room | what belongs there |", "| --- | --- |", *rows])


def _id(room: str) -> str:
    return room.replace(".", "_")


def _name(room: str) -> str:
    return room.removeprefix("bakery_assets.")


def _summary(room: str) -> str:
    path = PROJECT / room.replace(".", "/")
    source = (path / "__init__.py") if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    first = re.split(r"(?<=[.!?])\s", docstring.split("\n\n")[0].replace("\n", " "), maxsplit=1)[0]
    return first.rstrip(".").replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text("utf-8")), encoding="utf-8")
