"""Coverage by kind of day, counted by hand."""

from datetime import date

import polars as pl
import pytest

from bakery_assets.backtesting.coverage import KINDS, coverage_by_kind

MONDAY = date(2024, 3, 4)
# Day, actual, q10, q90; open, near a holiday, sold out.
Row = tuple[int, float, float | None, float | None, bool, bool, bool]


def days(*rows: Row) -> pl.DataFrame:
    """One model's days of one series; q50 is 4, q80 lies one below q90, and there is no q95."""
    columns = ["day", "actual", "q10", "q90", "is_open", "is_near_holiday", "is_sold_out"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"q10": pl.Float64, "q90": pl.Float64})
    return frame.with_columns(
        model=pl.lit("m"), date=pl.lit(MONDAY) + pl.duration(days=pl.col("day")), q50=pl.lit(4.0),
        q80=pl.col("q90") - 1, q95=pl.lit(None, pl.Float64),
    )  # fmt: skip


WEEKS = days(
    (0, 4.0, 1.0, 6.0, True, False, False),  # monday, inside
    (7, 9.0, 2.0, 9.0, True, False, False),  # monday, at the upper end
    (14, 9.0, 2.0, 8.0, True, True, False),  # monday near a holiday, above
    (5, 3.0, 5.0, 7.0, True, True, False),  # saturday near a holiday, below
    (6, 0.0, 0.0, 0.0, False, False, False),  # sunday, closed: no evidence
    (12, 9.0, 9.5, 9.9, True, False, True),  # saturday, sold out
    (19, 9.0, None, None, True, False, False),  # saturday without an interval
)


def test_days_are_counted_by_weekday_and_by_nearness_to_a_holiday() -> None:
    found = coverage_by_kind(WEEKS)["m"]
    assert list(found) == list(KINDS)
    counted = {kind: (each["days"], each["coverage80"]) for kind, each in found.items()}
    assert counted["all"] == (4, 2 / 4)
    assert counted["monday"] == (3, pytest.approx(2 / 3))
    assert counted["saturday"] == (1, 0.0)
    assert counted["near_holiday"] == (2, 0.0)
    assert counted["not_near_holiday"] == (2, 1.0)
    assert counted["sunday"] == counted["tuesday"] == (0, None)


def test_levels_separate_sales_below_a_quantile_from_sales_at_it() -> None:
    assert coverage_by_kind(WEEKS)["m"]["all"]["levels"] == {
        "q10": {"below": 1 / 4, "at_or_below": 1 / 4},
        "q50": {"below": 1 / 4, "at_or_below": 2 / 4},
        "q80": {"below": 2 / 4, "at_or_below": 2 / 4},
        "q90": {"below": 2 / 4, "at_or_below": 3 / 4},
        "q95": None,
    }


def test_closed_days_never_count_as_covered() -> None:
    closed = days(*((day, 0.0, 0.0, 0.0, False, False, False) for day in range(10)))
    assert coverage_by_kind(closed)["m"]["all"]["coverage80"] is None
    missed = days(
        (11, 9.0, 1.0, 2.0, True, False, False), *((day, 0.0, 0.0, 0.0, False, False, False) for day in range(9))
    )
    assert coverage_by_kind(missed)["m"]["all"]["coverage80"] == 0.0


def test_the_interval_resamples_dates_with_all_their_series() -> None:
    # On three dates of four, ten series are all covered, on the fourth none: four dates say little about 80%.
    alike = days(*((day, 4.0 if day % 4 else 9.0, 1.0, 6.0, True, False, False) for day in range(4) for _ in range(10)))
    low, high = coverage_by_kind(alike)["m"]["all"]["coverage80_interval"]
    assert (low, high) == (0.25, 1.0)
    # As many rows on as many dates as rows say far more.
    apart = days(*((day, 4.0 if day % 4 else 9.0, 1.0, 6.0, True, False, False) for day in range(40)))
    low, high = coverage_by_kind(apart)["m"]["all"]["coverage80_interval"]
    assert 0.55 < low < 0.75 < high < 0.95
