"""Which kitchen bakes for a shop: the one it names, on through locations that do not bake themselves."""

import polars as pl

from bakery_assets.kitchens import serving_kitchens
from bakery_assets.schemas import ops
from tests.scenarios import filled

Named = tuple[str, str | None, int | None]


def served(*locations: Named) -> dict[str, tuple[str, int]]:
    """Kitchen and minutes of each location of one bakery, of (location, kitchen, minutes)."""
    rows = [
        {"tenant_id": "b", "location_id": name, "kitchen_id": kitchen, "minutes_from_kitchen": minutes}
        for name, kitchen, minutes in locations
    ]
    found = serving_kitchens(pl.DataFrame(filled(ops.Locations, rows)))
    return {name: (kitchen, minutes) for _, name, kitchen, minutes in found.iter_rows()}


def test_a_bakery_of_one_shop_bakes_there() -> None:
    assert served(("main", None, None)) == {"main": ("main", 0)}


def test_shops_are_served_by_main_unless_they_name_another_kitchen() -> None:
    assert served(("main", None, None), ("north", None, 15), ("south", "east", 20), ("east", "east", 5)) == {
        "main": ("main", 0),
        "north": ("main", 15),
        "south": ("east", 20),
        "east": ("east", 0),
    }


def test_a_bakehouse_bakes_for_main_and_for_all_that_main_serves() -> None:
    assert served(("bakehouse", None, None), ("main", "bakehouse", 10), ("north", None, 15)) == {
        "bakehouse": ("bakehouse", 0),
        "main": ("bakehouse", 10),
        "north": ("bakehouse", 25),
    }


def test_ways_add_up_along_locations_that_do_not_bake() -> None:
    chain = [("main", None, None), *((f"s{number}", f"s{number - 1}" if number else "main", 1) for number in range(9))]
    assert served(*chain) == {"main": ("main", 0)} | {f"s{number}": ("main", number + 1) for number in range(9)}


def test_locations_that_serve_one_another_in_a_circle_are_served_by_the_kitchen_of_main() -> None:
    circle = ("a", "b", 5), ("b", "c", 6), ("c", "a", 7)
    assert served(("main", None, None), *circle) == {
        "main": ("main", 0),
        "a": ("main", 5),
        "b": ("main", 6),
        "c": ("main", 7),
    }
