"""Figures a hundred or a thousand times what a bakery usually sells are held back until somebody says what is right."""

from datetime import date, timedelta

import dataframely as dy
import polars as pl
import pytest

from bakery_assets.intake.jumps import UsualSales, find_jump, jump_sentence
from bakery_assets.schemas import conform

MONDAY = date(2026, 5, 4)


def usual(**sold: tuple[float, float]) -> dy.DataFrame[UsualSales]:
    """Articles with units a day and the price of one; ``days`` is 20."""
    rows = [(article, "main", 20, quantity, price) for article, (quantity, price) in sold.items()]
    return conform(UsualSales, pl.DataFrame(rows, schema=pl.Schema(UsualSales), orient="row"))


def reported(*rows: tuple[int, str, float, float | None]) -> pl.DataFrame:
    """Day after Monday, article, units and takings."""
    lines = [
        (article, "main", MONDAY + timedelta(days=day), quantity, revenue) for day, article, quantity, revenue in rows
    ]
    schema = {
        "product_id": pl.String,
        "location_id": pl.String,
        "sales_date": pl.Date,
        "quantity": pl.Float64,
        "revenue": pl.Float64,
    }
    return pl.DataFrame(lines, schema=schema, orient="row")


BREAD = usual(rye=(1.3, 4.0), bun=(40.0, 0.8))


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([(0, "bun", 42_000.0, None), (0, "rye", 1_250.0, None)], "quantity"),  # 1.250 kg read as 1,250
        ([(0, "bun", 30.0, None), (1, "rye", 1_250.0, None)], "quantity"),  # one day of two
        ([(0, "rye", 0.00125, None)], "quantity"),
        ([(0, "bun", 30.0, 24_000.0), (0, "rye", 1.5, 6_000.0)], "unit_revenue"),
        ([(day, "bun", 40.0 + day, 80.0 * (40 + day)) for day in range(10)], "unit_revenue"),  # 0,80 read as 80
    ],
)  # fmt: skip
def test_misread_decimals_are_seen(rows: list[tuple[int, str, float, float | None]], what: str) -> None:
    jump = find_jump(reported(*rows), BREAD)
    assert jump is not None
    assert jump.measure == what


@pytest.mark.parametrize(
    "rows",
    [
        [(0, "bun", 4_000.0, 3_200.0)],  # an order for a festival, a hundred times a day
        [(0, "bun", 1.0, 0.8)],  # the first minutes of a day
        [(day, "bun", 40.0 + day, 80.0 * (40 + day)) for day in range(9)],  # too few to tell
        [(0, "cake", 1_000.0, None)],  # never sold
        [(0, "bun", -40_000.0, None)],
    ],
)  # fmt: skip
def test_days_that_may_well_be_are_taken(rows: list[tuple[int, str, float, float | None]]) -> None:
    assert find_jump(reported(*rows), BREAD) is None


def test_the_sentence_names_the_day_an_example_and_both_options() -> None:
    jump = find_jump(reported((0, "bun", 42_000.0, None), (0, "rye", 1_250.0, None)), BREAD)
    assert jump is not None
    assert jump_sentence("monday.csv", jump, ",") == (
        "monday.csv: the quantities of 2026-05-04 (main) are about 1,000 times what is usual, for example 42,000 of bun"
        " instead of 40. Nothing was imported. Numbers were read with ',' before the decimals: if that is wrong, give"
        " --decimal '.'; if the figures are right, give --accept-jump."
    )
