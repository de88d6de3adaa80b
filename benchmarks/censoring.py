"""Accuracy of demand unconstraining: the masking experiment on fresh_chain.

Days on which a series was in stock at every opening hour show the true demand. Each is masked with the pattern of
a real day of the same city on which something else sold out: in the hours in which that was out of stock,
this sells nothing. What `unconstrain` then makes of the masked day is compared with what really sold, and so is what
models learn from it (`add_unconstrained_demand`). The days that are not masked, real stock-outs included, stay as they
are, so that the hourly profile is learned from what a bakery has.
"""

import json
from pathlib import Path
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets import metrics
from bakery_assets.keys import SERIES
from bakery_assets.schemas import ops
from benchmarks.datasets import DATA, OPENING_HOURS

DAY = [*SERIES, "sales_date"]
MASKED_SHARE = 0.2  # of the days in stock; the profile is learned from the others
SEED = 11


def run() -> dict[str, object]:
    """Bias and WAPE of masked days, as fractions: before and after unconstraining, and as models learn them.

    From some days models learn nothing (``days_not_learned``); the figures ``as_learned`` are of the others.
    """
    source = DATA / "fresh_chain" / "hourly.parquet"
    if not source.is_file():
        return {"skipped": f"fresh_chain is not at {source}"}
    from bakery_assets.forecasting.data.unconstrained_demand import unconstrain

    masked = mask(read_hourly(source))
    unconstrained = unconstrain(_as_facts(masked))
    truth = (
        masked.filter("is_masked")
        .group_by(DAY)
        .agg(truth=pl.col("true_quantity").sum(), sold=pl.col("quantity").sum(), in_stock=pl.col("in_stock").mean())
    )
    compared = truth.join(unconstrained.select(*SERIES, "demand", sales_date="date"), on=DAY).join(
        training_demand(masked), on=DAY
    )
    learned = compared.filter(pl.col("training_demand").is_not_nan())
    assert compared.height == truth.height, "unconstrain lost a day"
    return {
        "masked_days": compared.height,
        "masked_hours_in_stock": round(compared.select(pl.col("in_stock").mean()).item(), 4),
        **_accuracy("before", compared, "sold"),
        **_accuracy("after", compared, "demand"),
        "days_not_learned": compared.height - learned.height,
        **_accuracy("as_learned", learned, "training_demand"),
    }


def read_hourly(source: Path) -> pl.DataFrame:
    """Opening hours of every series: ``DAY, hour, quantity, in_stock``, in_stock 0 or 1."""
    return (
        pl.read_parquet(source)
        .filter(pl.col("hour").is_between(*OPENING_HOURS))
        .select(
            tenant_id=pl.format("city-{}", "city_id"),
            location_id=pl.format("store-{}", "store_id"),
            product_id=pl.format("product-{}", "product_id"),
            sales_date=pl.col("dt").str.to_date(),
            hour=pl.col("hour").cast(pl.Int32),
            quantity="hourly_sale",
            in_stock=1.0 - pl.col("hourly_stockout"),
        )
        .sort(*DAY, "hour")
    )


def mask(hourly: pl.DataFrame) -> pl.DataFrame:
    """The same with stock-out patterns before some days in stock: also ``true_quantity, is_masked``.

    A pattern is the hours in stock of a real day that ran out but was not out all day, drawn in the same city.
    """
    days = hourly.group_by(DAY, maintain_order=True).agg(share=pl.col("in_stock").mean(), sold=pl.col("quantity").sum())
    whole = days.filter(pl.col("share") == 1, pl.col("sold") > 0).sample(fraction=MASKED_SHARE, seed=SEED, shuffle=True)
    broken = days.filter(pl.col("share") > 0, pl.col("share") < 1).sample(fraction=1.0, seed=SEED, shuffle=True)
    numbered = pl.int_range(pl.len()).over("tenant_id")
    patterns = broken.select("tenant_id", draw=numbered, **{f"of_{name}": name for name in DAY[1:]})
    many = broken.group_by("tenant_id").agg(patterns=pl.len())
    chosen = (
        whole.join(many, on="tenant_id")
        .with_columns(draw=numbered % pl.col("patterns"))
        .join(patterns, on=["tenant_id", "draw"])
        .select(*DAY, *(f"of_{name}" for name in DAY[1:]))
    )
    hours = hourly.select("tenant_id", *(pl.col(name).alias(f"of_{name}") for name in DAY[1:]), "hour", mask="in_stock")
    pattern_hours = chosen.join(hours, on=["tenant_id", *(f"of_{name}" for name in DAY[1:])]).select(
        *DAY, "hour", "mask"
    )
    is_masked = pl.col("mask").is_not_null()
    return (
        hourly.join(pattern_hours, on=[*DAY, "hour"], how="left", maintain_order="left")
        .with_columns(is_masked=is_masked, true_quantity="quantity")
        .with_columns(
            quantity=pl.col("quantity") * pl.col("mask").fill_null(1.0),
            in_stock=pl.col("in_stock") * pl.col("mask").fill_null(1.0),
        )
        .drop("mask")
    )


def training_demand(hourly: pl.DataFrame) -> pl.DataFrame:
    """A day's demand as models learn it: ``DAY, training_demand``, NaN for a day that they do not learn from.

    Args:
        hourly: ``DAY, hour, quantity, in_stock``.
    """
    from bakery_assets.forecasting.data.unconstrained_demand import add_unconstrained_demand

    sales = hourly.group_by(DAY).agg(
        pl.col("quantity").sum(), revenue=pl.lit(None, pl.Float64), sold_out_at=pl.lit(None, pl.Time)
    )
    history = add_unconstrained_demand(cast(dy.DataFrame[ops.Sales], sales), _as_facts(hourly))
    is_unknown = pl.col("is_sold_out") & pl.col("demand").is_null()
    demand = pl.when(is_unknown).then(float("nan")).otherwise(pl.coalesce("demand", "quantity"))
    return history.select(*SERIES, sales_date="date", training_demand=demand)


def _as_facts(hourly: pl.DataFrame) -> dy.DataFrame[ops.SalesHourly]:
    return cast(dy.DataFrame[ops.SalesHourly], hourly.select(*DAY, "hour", "quantity", "in_stock"))


def _accuracy(when: str, compared: pl.DataFrame, column: str) -> dict[str, float]:
    figures = compared.select(bias=metrics.bias(column, "truth"), wape=metrics.wape(column, "truth")).row(0, named=True)
    return {f"{name}_{when}": round(value, 4) for name, value in figures.items()}


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
