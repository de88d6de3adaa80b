"""Multi-level explosion, on cases that others published and on what a bakery meets."""

import polars as pl
import pytest

from bakery_assets.cells import CannotPlan
from bakery_assets.materials import explosion
from bakery_assets.materials.explosion import low_level_codes
from bakery_assets.materials.make_days import MakeDays

KIND = "intermediate"
KEY = {"tenant_id": pl.String, "item_kind": pl.String, "item_id": pl.String}
QUANTITY = {**KEY, "day": pl.Int64, "quantity": pl.Float64}
STOCK = {**KEY, "last_usable_day": pl.Int64, "quantity": pl.Float64}
LINES = {**KEY, "component_kind": pl.String, "component_id": pl.String, "quantity_per": pl.Float64}


def quantities(*rows: tuple[str, int, float]) -> pl.DataFrame:
    return pl.DataFrame([("t", KIND, *row) for row in rows], schema=QUANTITY, orient="row")


def stock(*rows: tuple[str, int | None, float]) -> pl.DataFrame:
    return pl.DataFrame([("t", KIND, *row) for row in rows], schema=STOCK, orient="row")


def bill(*rows: tuple[str, str, float], tenant: str = "t") -> pl.DataFrame:
    lines = [(tenant, KIND, whole, KIND, part, per) for whole, part, per in rows]
    return pl.DataFrame(lines, schema=LINES, orient="row")


def leads(**days: int) -> pl.DataFrame:
    rows = [("t", KIND, name, lead) for name, lead in days.items()]
    return pl.DataFrame(rows, schema={**KEY, "lead_days": pl.Int64}, orient="row")


def explode(*given: pl.DataFrame, days: int, made: pl.DataFrame | None = None) -> pl.DataFrame:
    """The explosion; unless ``made`` is given, work is done on the day it is due."""
    every_day = pl.DataFrame(schema=pl.Schema(MakeDays)) if made is None else made
    return explosion.explode(*given, days, every_day)  # type: ignore[arg-type]


def gross_and_net(exploded: pl.DataFrame, item: str) -> dict[int, tuple[float, float]]:
    own = exploded.filter(pl.col("item_id") == item)
    return {
        day: (gross, net) for day, gross, net in own.select("day", "gross_requirement", "net_requirement").iter_rows()
    }


OCA = bill(
    ("FP1", "PP1", 2), ("FP1", "PP2", 3), ("FP2", "SF1", 2), ("FP2", "SF2", 3), ("SF1", "PP1", 3), ("SF1", "PP2", 2),
    ("SF2", "PP2", 3),
)  # fmt: skip


def test_the_two_products_of_oca_ask_for_the_parts_that_its_tests_expect() -> None:
    """OCA/manufacture 14.0, mrp_multi_level: parts netted once, an open make order exploded, not netted."""
    exploded = explode(
        quantities(("FP1", 7, 100), ("FP2", 7, 15)),
        OCA,
        leads(FP1=2, FP2=1, SF1=1, SF2=3),
        stock(("PP1", None, 10), ("PP2", None, 20), ("SF2", None, 15)),
        quantities(("FP2", 10, 12), ("PP2", 0, 5)),
        days=14,
    )
    assert gross_and_net(exploded, "PP1") == {5: (290, 280), 8: (72, 72)}
    assert gross_and_net(exploded, "PP2") == {3: (90, 65), 5: (360, 360), 6: (108, 108), 8: (48, 48)}
    assert gross_and_net(exploded, "SF2") == {6: (45, 30), 9: (36, 36)}


@pytest.mark.parametrize(("out", "missing", "left"), [(62.5, 0.0, 0.0), (60.0, 0.0, 1.0), (65.0, 1.0, 0.0)])
def test_25_in_stock_make_62_and_a_half_at_most_and_60_leave_one(out: float, missing: float, left: float) -> None:
    """frePPLe, test/constraints_material_2: 2 in make 5 out."""
    exploded = explode(
        quantities(("out", 0, out)), bill(("out", "in", 2 / 5)), leads(), stock(("in", None, 25)), quantities(), days=1
    )
    gross, net = gross_and_net(exploded, "in")[0]
    assert net == missing
    assert 25 - (gross - net) == left


def test_an_item_stands_below_its_lowest_parent() -> None:
    levels = low_level_codes(bill(("bread", "starter", 1), ("bread", "dough", 1), ("dough", "starter", 1)))
    assert dict(levels.select("item_id", "low_level_code").iter_rows()) == {"bread": 0, "dough": 1, "starter": 2}


def test_a_starter_shared_by_two_levels_is_netted_once() -> None:
    lines = bill(("bread", "starter", 0.5), ("bread", "dough", 1), ("dough", "starter", 0.25))
    exploded = explode(
        quantities(("bread", 2, 8)), lines, leads(dough=1), stock(("starter", None, 5)), quantities(), days=14
    )
    # 2 kg for the dough on day 1 and 4 kg for the bread on day 2, from 5 kg.
    assert gross_and_net(exploded, "starter") == {1: (2, 0), 2: (4, 1)}


def test_dough_that_expires_before_it_is_used_is_made_again() -> None:
    exploded = explode(
        quantities(("dough", 1, 3), ("dough", 2, 3)), bill(("dough", "flour", 1)), leads(),
        stock(("dough", 1, 10)), quantities(), days=14,
    )  # fmt: skip
    assert gross_and_net(exploded, "dough") == {1: (3, 0), 2: (3, 3)}
    assert gross_and_net(exploded, "flour") == {2: (3, 3)}


def test_what_had_to_begin_before_the_plan_date_has_been_begun_and_takes_nothing_more() -> None:
    exploded = explode(
        quantities(("bread", 0, 1), ("bread", 1, 1), ("bread", 3, 1)), bill(("bread", "flour", 1)), leads(bread=2),
        stock(), quantities(), days=14,
    )  # fmt: skip
    assert gross_and_net(exploded, "flour") == {1: (1, 1)}


def test_work_that_falls_on_a_day_without_anyone_is_done_on_the_day_before_on_every_level() -> None:
    """Bread for day 4 from a dough of the day before, from a starter of two days before that: no one works on 1 and 3."""
    made = pl.DataFrame({"tenant_id": "t", "day": range(-3, 7), "make_day": [-3, -2, -1, 0, 0, 2, 2, 4, 5, 6]})
    lines = bill(("bread", "dough", 1), ("dough", "starter", 0.5), ("starter", "rye", 1))
    exploded = explode(
        quantities(("bread", 4, 10)), lines, leads(dough=1, starter=1), stock(), quantities(), days=14, made=made
    )
    # The dough of day 4 falls on day 3 but for its lead of one day: day 2. Its starter on day 1, which is day 0.
    assert gross_and_net(exploded, "starter") == {2: (5, 5)}
    assert gross_and_net(exploded, "rye") == {0: (5, 5)}


def test_nothing_to_bake_takes_nothing() -> None:
    assert explode(quantities(), bill(), leads(), stock(), quantities(), days=14).is_empty()


def test_a_recipe_that_contains_itself_over_two_levels_names_tenant_and_cycle() -> None:
    lines = pl.concat(
        [
            bill(
                ("bread", "dough", 1),
                ("dough", "starter", 1),
                ("starter", "dough", 1),
                ("starter", "rye", 1),
                tenant="b",
            ),
            bill(("bread", "dough", 1), tenant="a"),
        ]
    )
    with pytest.raises(CannotPlan, match=r"tenant b: .*: dough > starter > dough;"):
        low_level_codes(lines)


def test_a_recipe_that_contains_itself_directly_names_the_cycle() -> None:
    with pytest.raises(CannotPlan, match=r"tenant t: .*: starter > starter;"):
        low_level_codes(bill(("bread", "starter", 1), ("starter", "starter", 0.2)))
