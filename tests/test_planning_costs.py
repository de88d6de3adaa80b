"""What planning has taken, shared out over the bakeries of a chunk by their rows."""

from datetime import UTC, date, datetime

import polars as pl

from bakery_assets.planning_costs import ROW_HEADER, PlanningCosts, share_costs
from bakery_assets.planning_day import STAGES
from bakery_assets.schemas import Cells, conform

DAY = date(2026, 3, 3)
CELLS = conform(
    Cells,
    pl.DataFrame(
        {
            "tenant_id": ["oslo", "paris"],
            "plan_date": [DAY, DAY],
            "timezone": ["Europe/Oslo", "Europe/Paris"],
            "planned_as_of": [datetime(2026, 3, 3, 4, tzinfo=UTC)] * 2,
        }
    ),
)
FORECASTS = tuple(stage for stage in STAGES if stage.name == "demand_forecasts")


def of(tenant: str, costs: pl.DataFrame) -> dict[str, tuple[float, int]]:
    mine = costs.filter(pl.col("tenant_id") == tenant)
    return {phase: (round(ms), count) for phase, ms, count in mine.select("phase", "cpu_ms", "row_count").iter_rows()}


def named(**counts: int) -> pl.DataFrame:
    return pl.DataFrame({"tenant_id": [tenant for tenant, count in counts.items() for _ in range(count)]})


def test_a_bakery_with_three_times_the_rows_bears_three_times_the_time() -> None:
    read = {
        "sales": named(oslo=10, paris=30),
        "products": named(oslo=5, paris=5),
        "boosters": pl.DataFrame({"id": [1]}),
    }
    made = {"demand_forecasts": named(oslo=7, paris=21)}
    seconds = {"reads": 5.0, "checks": 0.5, "demand_forecasts": 4.0, "writes": 0.8}
    costs = share_costs(CELLS, seconds, FORECASTS, read, made)
    assert of("oslo", costs) == {
        "reads": (1500, 15),
        "checks": (150, 0),
        "demand_forecasts": (1000, 7),
        "writes": (200, 0),
    }
    assert of("paris", costs) == {
        "reads": (3500, 35), "checks": (350, 0), "demand_forecasts": (3000, 21), "writes": (600, 0)
    }  # fmt: skip
    assert costs.filter(pl.col("tenant_id") == "oslo").sort("position")["phase"].to_list() == list(seconds)


def test_what_wrote_nothing_is_shared_evenly_and_a_bakery_that_failed_bears_what_was_read_of_it() -> None:
    costs = share_costs(CELLS, {"reads": 1.0, "demand_forecasts": 2.0}, FORECASTS, {"sales": named(oslo=1)}, {})
    assert of("oslo", costs) == {"reads": (1000, 1), "demand_forecasts": (1000, 0)}
    assert of("paris", costs) == {"reads": (0, 0), "demand_forecasts": (1000, 0)}
    assert share_costs(CELLS, {}, FORECASTS, {}, {}).equals(PlanningCosts.create_empty())


def test_bytes_are_those_of_the_columns_with_a_row_header() -> None:
    """A text is its bytes and one more, a date and a whole number four bytes, a quantity eight, a yes or no one."""
    frame = pl.DataFrame(
        {"tenant_id": ["oslo"], "name": ["Brød"], "day": [DAY], "quantity": [1.5], "lead": [3], "open": [True]},
        schema_overrides={"lead": pl.Int32},
    )
    costs = share_costs(CELLS, {"demand_forecasts": 1.0}, FORECASTS, {}, {"demand_forecasts": frame})
    assert costs["byte_count"].to_list() == [ROW_HEADER + 5 + 6 + 4 + 8 + 4 + 1, 0]
