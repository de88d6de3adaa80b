"""The picture of the house in docs/architecture.md is the one that the code has."""

from docs.house import PAGE, render


def test_the_picture_and_the_table_of_the_house_are_what_the_code_says() -> None:
    page = PAGE.read_text("utf-8")
    assert render(page) == page, "docs/architecture.md is out of date; run: make docs"


def test_every_room_of_the_code_is_in_the_picture() -> None:
    rooms = {
        each.stem
        for each in (PAGE.parents[1] / "bakery_assets").iterdir()
        if (each / "__init__.py").exists() or (each.suffix == ".py" and each.stem != "__init__")
    }
    page = PAGE.read_text("utf-8")
    assert {room for room in rooms if f"`bakery_assets/{room}`" not in page} == set()
