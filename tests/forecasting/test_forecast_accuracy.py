"""Forecasts of a real bakery chain's last eight weeks, against what sold."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.forecasting import forecast_demand

LAST = date(2019, 4, 30)
KEY = ["tenant_id", "product_id", "target_date"]


@pytest.fixture(scope="module")
def compared(real_data: Path) -> pl.DataFrame:
    """A week's forecasts every seventh day, with sales."""
    read = {
        name: pl.read_csv(real_data / "bread_chain" / f"{name}.csv")
        for name in ("tenants", "products", "sales", "calendar")
    }
    time = pl.lit(None, pl.Time)
    frames = {
        "tenants": read["tenants"].with_columns(region=pl.lit(None, pl.String)),
        "products": read["products"].with_columns(discontinued_on=pl.lit(None, pl.Date)),
        "sales": read["sales"].with_columns(
            pl.col("sales_date").str.to_date(), location_id=pl.lit("main"), sold_out_at=time
        ),
        "calendar": read["calendar"].with_columns(
            pl.col("date").str.to_date(), name=pl.lit(None, pl.String), opens=time, closes=time
        ),
    }
    made = [
        forecast_demand(
            frames["tenants"].select("tenant_id", plan_date=pl.lit(LAST - timedelta(days=7 * n - 1))), frames
        )
        for n in range(8, 0, -1)
    ]
    sold = frames["sales"].select("tenant_id", "product_id", target_date="sales_date", sold="quantity")
    joined = pl.concat([tables["demand_forecasts"] for tables in made]).join(sold, on=KEY, how="left")
    assert joined.height == 60 * 56
    assert joined["sold"].null_count() == 0
    return joined


def test_the_chain_is_forecast_better_than_by_automatic_exponential_smoothing(compared: pl.DataFrame) -> None:
    # AutoETS reaches 22.09% on these days and series; this model reached 18.1% when it was written.
    wape = compared.select((pl.col("yhat") - pl.col("sold")).abs().sum() / pl.col("sold").sum()).item()
    assert wape < 0.19


def test_four_days_in_five_sell_between_the_tenth_and_the_ninetieth_percentile(compared: pl.DataFrame) -> None:
    covered = compared.select(pl.col("sold").is_between("q10", "q90").mean()).item()
    assert 0.75 < covered < 0.85
