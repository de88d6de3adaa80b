"""Shifts of a whole bakery: sales that have been at another level for days, and whether that may be true.

A bakery that has doubled is to be trained on; a unit that has changed, a product with a decimal point too few or days
that were imported twice are not. That a shift lasts is the same test by which forecasts follow one (``level_shifts``).
"""

import numpy as np
import polars as pl

from bakery_assets.keys import SERIES
from bakery_assets.level_shifts import DAYS_BEFORE, LEAST_CHANGE, LONGEST_SEARCH, lasting_shifts
from bakery_assets.quality.thresholds import (
    MAX_SHIFT,
    MIN_SHIFT_BREADTH,
    MIN_SHIFT_VOLUME,
    SHIFT_TOLERANCE,
    VOLUME_HIGH,
    VOLUME_LOW,
)

SHIFT_WINDOW = LONGEST_SEARCH + DAYS_BEFORE
"""Days back that are looked at."""


def bakery_shifts(days: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The bakeries whose sales have been at another level for at least five ordinary open days.

    Args:
        days: of ``daily_volumes``.
        rows: of ``row_features``, complete ones.

    Returns:
        A row for each, with ``tenant_id`` and

        - ``lasted`` (days before the plan date), ``first_date``, ``shift_ratio`` (of the new level to the old);
        - ``bakery_level, bakery_usual``: its volume a day since then and before;
        - ``product_id, location_id, level, usual``: the same of the product that changed most;
        - ``breadth``: the share of the series that follow the bakery, null where all sell too little to tell; 1 where a
          shop has opened and the others sell as before;
        - ``multiple``: what divides every quantity since the shift and not before it, null where nothing does;
        - ``is_accepted``: by these it may be true; ``is_refused``: it may not, and is as large as what the gate blocks
          on single days.
    """
    tenants = days.select("tenant_id", "plan_date").unique().sort("tenant_id")
    has_sold = pl.col("is_ordinary") & (pl.col("volume") > 0)
    volumes = days.select(pl.when(has_sold).then("volume").cast(pl.Float32).fill_null(np.nan)).to_series().to_numpy()
    # Sorted by tenant and date, every tenant with the same days.
    _, lasted = lasting_shifts(volumes.reshape(tenants.height, SHIFT_WINDOW))
    found = tenants.with_columns(lasted=pl.Series(lasted, dtype=pl.Int64)).filter(
        pl.col("lasted").is_between(1, LONGEST_SEARCH - 1)  # what fills the search began before it
    )
    ordinary = days.filter(has_sold).join(found.select("tenant_id", "lasted"), on="tenant_id", maintain_order="left")
    found = found.join(_usual_ratios(ordinary), on="tenant_id")
    ordinary = ordinary.join(found.select("tenant_id", "shift_ratio"), on="tenant_id", maintain_order="left")
    shifts = (
        found.join(_series_that_follow(ordinary, rows), on="tenant_id", how="left")
        .join(_common_divisors(ordinary, rows), on="tenant_id", how="left")
        .with_columns(first_date=pl.col("plan_date") - pl.duration(days="lasted"))
    )
    ratio_of = pl.col("shift_ratio")
    is_accepted = (
        ratio_of.is_between(1 / MAX_SHIFT, MAX_SHIFT)
        & (pl.col("breadth") >= MIN_SHIFT_BREADTH).fill_null(False)
        & pl.col("multiple").is_null()
    )
    is_large = ~ratio_of.is_between(VOLUME_LOW, VOLUME_HIGH)
    is_distinct = ~ratio_of.is_between(1 / MAX_SHIFT, MAX_SHIFT) | pl.col("breadth").is_not_null()
    return shifts.with_columns(is_accepted=is_accepted, is_refused=~is_accepted & is_large & is_distinct).select(
        "tenant_id", "lasted", "first_date", "shift_ratio", "bakery_level", "bakery_usual", "product_id", "location_id",
        "level", "usual", "breadth", "multiple", "is_accepted", "is_refused",
    )  # fmt: skip


def at_present_level(days: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """``days`` with ``factor``, which brings a day's volume to the level since an accepted shift, else 1.

    A refused shift is a finding by itself: ``is_refused_day`` are the days since, which are not reported again.
    """
    own = shifts.select("tenant_id", "lasted", "shift_ratio", "is_accepted", "is_refused")
    since = pl.col("age") <= pl.col("lasted")
    factor = pl.when(pl.col("is_accepted") & ~since).then("shift_ratio")
    return (
        days.join(own, on="tenant_id", how="left", maintain_order="left")
        .with_columns(factor=factor.fill_null(1.0), is_refused_day=(pl.col("is_refused") & since).fill_null(False))
        .drop(own.columns[1:])
    )


def _usual_ratios(ordinary: pl.DataFrame) -> pl.DataFrame:
    """``tenant_id, shift_ratio``: the median of the days since, each against its weekday's median in the weeks before.

    A median, so that a day that was imported twice after the shift is still seen as that.
    """
    age, lasted, key = pl.col("age"), pl.col("lasted"), ["tenant_id", pl.col("date").dt.weekday().alias("weekday")]
    before = ordinary.filter(age.is_between(lasted + 1, lasted + DAYS_BEFORE)).group_by(key)
    return (
        ordinary.filter(age <= lasted)
        .with_columns(weekday=pl.col("date").dt.weekday())
        .join(before.agg(usual=pl.col("volume").median()), on=["tenant_id", "weekday"])
        .group_by("tenant_id")
        .agg(shift_ratio=(pl.col("volume") / pl.col("usual")).median())
    )


def _series_that_follow(ordinary: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """By tenant with a shift what ``bakery_shifts`` says of its levels, of what changed most, and of its breadth."""
    age, lasted = pl.col("age"), pl.col("lasted")
    since, before = age <= lasted, age.is_between(lasted + 1, lasted + DAYS_BEFORE)
    days = ordinary.with_columns(days_now=since.sum().over("tenant_id"), days_before=before.sum().over("tenant_id"))
    level = pl.col("volume").filter(since).sum() / pl.col("days_now").first()
    usual = pl.col("volume").filter(before).sum() / pl.col("days_before").first()
    bakery = days.sort("tenant_id", "date").group_by("tenant_id", maintain_order=True)
    levels = bakery.agg(bakery_level=level.round(6), bakery_usual=usual.round(6))
    series = (
        rows.group_by(*SERIES, date="sales_date")
        .agg(volume=pl.col("amount").sort().sum())
        .join(days.drop("volume"), on=["tenant_id", "date"])
        .sort(*SERIES, "date")
        .group_by(SERIES, maintain_order=True)
        .agg(level=level.round(6), usual=usual.round(6), days_now=pl.col("days_now").first())
        .join(levels, on="tenant_id", maintain_order="left")
    )
    ratio = pl.col("bakery_level") / pl.col("bakery_usual")
    expected = pl.col("usual") * pl.max_horizontal(1.0, ratio) * pl.col("days_now")
    own_ratio = pl.col("level") / pl.col("usual") / ratio
    tells = (pl.col("usual") > 0) & (expected >= MIN_SHIFT_VOLUME)
    is_new_shop = pl.col("usual").sum().over("tenant_id", "location_id") == 0
    of_others = pl.col("level").filter(~pl.col("is_new_shop")).sum() / pl.col("usual").sum()
    has_opened = pl.col("is_new_shop").any() & of_others.is_between(1 / (1 + LEAST_CHANGE), 1 + LEAST_CHANGE)
    follow = own_ratio.is_between(1 / SHIFT_TOLERANCE, SHIFT_TOLERANCE).filter(tells).mean()
    worst = pl.struct("product_id", "location_id", "level", "usual")
    return (
        series.with_columns(change=(pl.col("level") - pl.col("usual")).abs().round(6), is_new_shop=is_new_shop)
        .group_by("tenant_id")
        .agg(
            pl.col("bakery_level", "bakery_usual").first(),
            breadth=pl.when(has_opened).then(1.0).otherwise(follow),
            worst=worst.sort_by("change", "product_id", "location_id", descending=[True, False, False]).first(),
        )
        .unnest("worst")
    )


def _common_divisors(ordinary: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """By tenant whose days look imported several times: ``multiple``."""
    quantity, times = pl.col("quantity"), pl.col("shift_ratio").round(0)
    since = pl.col("age") <= pl.col("lasted")
    divided = quantity % times == 0
    return (
        rows.filter(quantity > 0)
        .select("tenant_id", "quantity", date="sales_date")
        .join(ordinary.select("tenant_id", "date", "age", "lasted", "shift_ratio"), on=["tenant_id", "date"])
        .filter(times >= 2)
        .group_by("tenant_id")
        .agg(multiple=times.first(), all_since=divided.filter(since).all(), all_before=divided.filter(~since).all())
        .filter(pl.col("all_since"), ~pl.col("all_before"))
        .select("tenant_id", "multiple")
    )
