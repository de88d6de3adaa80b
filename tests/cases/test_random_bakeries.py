"""Plans of random bakeries, checked by verifiers that share nothing with the planners.

A dozen in the suite; ``BAKERY_RANDOM_BAKERIES=200 pytest --hypothesis-seed=1 tests/cases/test_random_bakeries.py`` plans
more, the same ones for the same seed.
"""

import os

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Frames
from tests.cases.random_bakeries import Rows, bakeries, instant, planned
from tests.cases.verifiers import (
    begins_on,
    comes_before_baking,
    day_of,
    first_work,
    reported_end,
    verify_inventory,
    verify_procurement,
    verify_production,
    verify_requirements,
)

IN_ONE_CALL = 4  # planning four takes hardly longer than planning one
BAKERIES = int(os.environ.get("BAKERY_RANDOM_BAKERIES", 3 * IN_ONE_CALL))


@settings(max_examples=-(-BAKERIES // IN_ONE_CALL), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.tuples(*[bakeries(suppliers=2)] * IN_ONE_CALL))
def test_the_plan_of_any_bakery_holds(drawn: tuple[Rows, ...]) -> None:
    for facts, tables in zip(drawn, planned(*drawn), strict=True):
        verify_production(facts, tables)
        verify_requirements(facts, tables)
        verify_procurement(facts, tables)
        verify_inventory(facts, tables)


def with_orders(facts: Rows, tables: Frames) -> Rows:
    """The facts when everything that is proposed has been ordered, as decisions order it: for its supplier's hours, or the
    whole local day up to the next day's baking if that begins in the evening, or before that day's baking what is of no use after it."""
    keeps_a_day = {row["ingredient_id"] for row in facts["ingredients"] if comes_before_baking(facts, row)}
    ordered = []
    for row in tables["procurement_requirements"].filter(pl.col("planned_order_quantity") > 0).to_dicts():
        day = day_of(row["deliver_on"])
        begins, ends = instant(day, 0), min(instant(day, 23, 59), first_work(facts, day + 1))
        if row["ingredient_id"] in keeps_a_day:
            ends = first_work(facts, day) if begins_on(facts, day) else ends
        reported = reported_end(facts, row["supplier_id"], day)
        if reported is not None and not (row["ingredient_id"] in keeps_a_day and begins_on(facts, day)):
            ends = reported
        ordered.append(
            {"order_id": f"p{row['requirement_number']}", "ingredient_id": row["ingredient_id"], "supplier_id": row["supplier_id"],
             "quantity": row["planned_order_quantity"], "expected_from": min(begins, ends), "expected_to": ends,
             "ordered_at": instant(0, 1), "recorded_at": instant(0, 1)}
        )  # fmt: skip
    return {**facts, "purchase_orders": [*facts["purchase_orders"], *ordered]}


@settings(max_examples=-(-BAKERIES // IN_ONE_CALL), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.tuples(*[bakeries(suppliers=2)] * IN_ONE_CALL))
def test_what_is_ordered_as_proposed_is_not_proposed_again(drawn: tuple[Rows, ...]) -> None:
    """But for what either plan leaves out as more than a delivery brings or the store holds: where a smallest order is too
    large for the store, the second may take it in addition to what is on order, and the first wait a day."""
    proposed = planned(*drawn)
    ordered = [with_orders(facts, tables) for facts, tables in zip(drawn, proposed, strict=True)]
    for facts, before, after in zip(ordered, proposed, planned(*ordered), strict=True):
        left_out = [
            name
            for tables in (before, after)
            for name in tables["procurement_requirements"].filter(pl.col("left_out_quantity") > 0)["ingredient_id"]
        ]
        again = after["procurement_requirements"].filter(
            pl.col("planned_order_quantity") > 0, ~pl.col("ingredient_id").is_in(left_out)
        )
        assert again.is_empty(), (facts, again.to_dicts())
