"""Trained forecasts of a real bakery chain's last four weeks, Easter among them, against what sold."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.forecasting import fit_booster, forecast_demand, train_models
from tests.forecasting.forecast_facts import Facts, cells, facts

LAST = date(2019, 4, 30)
MORNINGS = [LAST - timedelta(days=7 * week - 1) for week in (4, 3, 2, 1)]
SINCE = date(2016, 6, 1)
KEY = ["tenant_id", "product_id", "target_date"]


def chain(folder: Path) -> Facts:
    """The chain's facts; it has one shop a tenant, and no word of what sold out."""
    empty = facts()
    for name in ("tenants", "products", "sales", "calendar", "weather"):
        rows = pl.read_csv(folder / "bread_chain" / f"{name}.csv", try_parse_dates=True)
        if name == "sales":
            rows = rows.with_columns(location_id=pl.lit("main"))
        empty[name] = rows.select(
            (pl.col(column) if column in rows.columns else pl.lit(None)).cast(dtype).alias(column)
            for column, dtype in empty[name].schema.items()
        )
    return {**empty, "sales": empty["sales"].filter(pl.col("sales_date") >= SINCE)}


@pytest.fixture(scope="module")
def compared(real_data: Path) -> pl.DataFrame:
    """Trained once, on the facts of the first morning; then a week's forecasts on each, with sales."""
    frames = chain(real_data)
    tenants = frames["tenants"]["tenant_id"].to_list()
    first = cells(*tenants, day=MORNINGS[0])
    boosters = fit_booster(first, frames)
    trained = train_models(first, {**frames, "boosters": boosters})
    given = {**frames, **trained, "boosters": boosters}
    # What the weather was is not known ahead.
    made = [
        forecast_demand(cells(*tenants, day=day), {**given, "weather": frames["weather"].filter(pl.col("date") < day)})[
            "demand_forecasts"
        ]
        for day in MORNINGS
    ]
    sold = frames["sales"].select("tenant_id", "product_id", target_date="sales_date", sold="quantity")
    joined = pl.concat(made).join(sold, on=KEY, how="left")
    assert joined.height == 60 * 28
    assert joined["sold"].null_count() == 0
    assert joined["model"].is_in(["untrained_smoothing", "no_history", "short_history"]).sum() == 0
    return joined.filter(pl.col("sold").sum().over("tenant_id", "target_date") > 0)


def test_open_days_are_forecast_within_eighteen_percent(compared: pl.DataFrame) -> None:
    assert 1_400 < compared.height <= 1_680
    wape = compared.select((pl.col("yhat") - pl.col("sold")).abs().sum() / pl.col("sold").sum()).item()
    assert 0.05 < wape < 0.18


def test_four_days_in_five_sell_between_the_tenth_and_the_ninetieth_percentile(compared: pl.DataFrame) -> None:
    covered = compared.select(pl.col("sold").is_between("q10", "q90").mean()).item()
    assert 0.72 < covered < 0.88
