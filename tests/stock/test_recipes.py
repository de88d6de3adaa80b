"""How long before its sale the first work for anything may have been done."""

import polars as pl

from bakery_assets.stock.recipes import longest_chains

DAYS = {"loaf": 0, "levain": 1, "starter": 2, "brioche": 1, "cream": 1}


def chain(*taken: tuple[str, str]) -> int:
    recipes = pl.DataFrame(
        {"tenant_id": "b", "recipe_id": list(DAYS), "make_days": list(DAYS.values())},
        schema_overrides={"make_days": pl.Int32},
    )
    lines = pl.DataFrame(
        [("b", recipe, component) for recipe, component in taken] + [("b", "loaf", None)],
        schema={"tenant_id": pl.String, "recipe_id": pl.String, "component_recipe_id": pl.String},
        orient="row",
    )
    [days] = longest_chains(recipes, lines)["make"].to_list()
    return int(days)


def test_days_of_what_a_recipe_takes_come_before_its_own_and_those_of_other_recipes_do_not() -> None:
    assert chain() == 2
    assert chain(("loaf", "levain"), ("levain", "starter")) == 3
    assert chain(("brioche", "cream"), ("brioche", "levain")) == 2


def test_a_recipe_that_contains_itself_counts_with_all_recipes() -> None:
    assert chain(("levain", "starter"), ("starter", "levain")) == 5
