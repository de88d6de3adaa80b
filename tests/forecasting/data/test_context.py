"""What is known of a round, tenant by tenant."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from bakery_assets.forecasting.data.context import (
    build_context,
    closure_mask,
    closure_mask_as_of,
    horizon_closures,
    known_of_history,
)
from tests.forecasting.forecast_facts import PLAN, Facts, cells, facts, sale, together

PAST = 60


def ran_out(tenant: str) -> Facts:
    """Sold out at 9 on one day; a typical day has its sales at 8 and 9, three months ago it had them at 20."""
    hours = [
        (tenant, "bread", PLAN - timedelta(days=n), hour, "main", 10.0, 1.0)
        for n, hour in [*((n, hour) for n in range(10, 20) for hour in (8, 9)), *((n, 20) for n in range(62, 90))]
    ]
    last = (tenant, "bread", PLAN - timedelta(days=3), 8, "main", 10.0, 1.0)
    out = (tenant, "bread", PLAN - timedelta(days=3), 9, "main", 0.0, 0.0)
    frames = facts(
        tenants=[(tenant, "XX", None)],
        products=[(tenant, "bread", None)],
        sales=[sale(tenant, "bread", PLAN - timedelta(days=n), 10.0) for n in range(1, 50)],
    )
    schema = frames["sales_hourly"].schema
    rows = pl.DataFrame(
        [*hours, last, out],
        schema=["tenant_id", "product_id", "sales_date", "hour", "location_id", "quantity", "in_stock"],
        orient="row",
    )
    frames["sales_hourly"] = rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )
    return frames


def test_a_tenants_panel_does_not_depend_on_the_plan_dates_of_other_tenants() -> None:
    own, other = ran_out("t"), ran_out("u")
    alone = build_context(cells("t"), own, PAST).panel
    among = build_context(cells("t", ("u", PLAN - timedelta(days=40))), together(own, other), PAST).panel
    np.testing.assert_array_equal(alone.demand[0], among.demand[0])
    assert alone.demand[0, -3] == 13.5, "twice what sold, held at a third more"


def test_demand_is_unknown_on_a_day_without_any_stock() -> None:
    frames = ran_out("t")
    never = pl.col("sales_date") == PLAN - timedelta(days=3)
    frames["sales_hourly"] = frames["sales_hourly"].with_columns(
        quantity=pl.when(never).then(0.0).otherwise("quantity"),
        in_stock=pl.when(never).then(0.0).otherwise("in_stock"),
    )
    frames["sales"] = pl.concat(
        [
            frames["sales"].with_columns(quantity=pl.when(never).then(0.0).otherwise("quantity")),
            facts(sales=[sale("t", "cake", PLAN - timedelta(days=3), 5.0)])["sales"],
        ]
    )
    frames["products"] = facts(products=[("t", "bread", None), ("t", "cake", None)])["products"]
    panel = build_context(cells("t"), frames, PAST).panel
    assert panel.is_open[0, -3], "the shop sold cake"
    assert np.isnan(panel.demand[0, -3]), "an empty shelf is not a day without demand"


def test_as_of_a_past_day_the_weekly_closing_day_is_predicted_and_an_unannounced_closure_is_not() -> None:
    """Closed on Sundays, and on the last Friday unannounced."""
    friday = PLAN - timedelta(days=3)
    sold = [PLAN - timedelta(days=n) for n in range(1, 60)]
    frames = facts(
        tenants=[("t", "XX", None)],
        products=[("t", "bread", None)],
        sales=[sale("t", "bread", day, 10.0) for day in sold if day.isoweekday() != 7 and day != friday],
    )
    context = build_context(cells("t"), frames, PAST)

    def closed_days(day: int) -> list[int]:
        closed = closure_mask_as_of(context, context.panel.as_of(day), day)[0]
        return [int(ago) for ago in PAST - np.flatnonzero(closed) if -7 < ago <= 8]

    assert closed_days(PAST) == [8, 3, -6], "Sundays, but for the last, which is not known yet, and the past Friday"
    assert closed_days(PAST - 7) == [1], "the week ahead of the Monday before"


@pytest.mark.parametrize("closed_days", [range(8, 40), [8], [8, 15, 22, 29]])
def test_as_of_a_past_day_closures_are_those_predicted_from_the_facts_of_that_day(closed_days: Sequence[int]) -> None:
    """A break that ends on that day, a day missing before it, and the fourth closed day of a weekday the day before."""
    back = 7
    sold = [n for n in range(1, 60) if n not in closed_days]
    rows = [sale("t", "bread", PLAN - timedelta(days=n), 10.0) for n in sold]
    frames = facts(tenants=[("t", "XX", None)], products=[("t", "bread", None)], sales=rows)
    context = build_context(cells("t"), frames, PAST)
    now = closure_mask_as_of(context, context.panel.as_of(PAST - back), PAST - back)
    round_then = cells("t", day=PLAN - timedelta(days=back))
    earlier = {**frames, "sales": frames["sales"].filter(pl.col("sales_date") < PLAN - timedelta(days=back))}
    then = build_context(round_then, earlier, PAST)
    expected = closure_mask(then.panel, horizon_closures(then, then.panel.cells, known_of_history(then)).predicted)
    ahead = slice(PAST - back, PAST - back + 7)
    np.testing.assert_array_equal(now[0, ahead], expected[0, PAST : PAST + 7])
