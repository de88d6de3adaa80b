"""Leftovers of lots: where what rounding up makes beyond all needs is likeliest to be sold."""

import dataframely as dy
import polars as pl

from bakery_assets.distribution.needs import KITCHEN_PRODUCT
from bakery_assets.keys import SERIES
from bakery_assets.materials.demand import ShopDays
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.demand_distribution import expected_leftover
from bakery_assets.quantities import DECIMALS, ordered_sum

PARTS = 20  # into which a leftover is cut of what is not counted in pieces


def with_extra(lines: pl.DataFrame, days: dy.DataFrame[ShopDays]) -> pl.DataFrame:
    """Lines with ``extra``, and ``share`` raised by it: what each place gets of what no place needs.

    Piece by piece it goes to the place where one more is worth most: the expected sales of one more, for price and
    salvage value are the same in all places of a bakery. What keeps for longer than the day stays in the kitchen, from
    where it can go anywhere tomorrow, and so does what is beyond the highest quantile everywhere. Of equal places the
    first by its name comes first.

    Args:
        lines: needs with ``share`` and ``total_available``.
        days: what is expected in each place.
    """
    left = (pl.col("total_available") - ordered_sum("share").over(KITCHEN_PRODUCT)).round(DECIMALS)
    spare = lines.with_columns(left=pl.when(pl.col("shelf_life_days") == 1).then(left.clip(0.0)).otherwise(0.0))
    size = pl.when("is_whole").then(1.0).otherwise((pl.col("left") * (10**DECIMALS / PARTS)).floor() / 10**DECIMALS)
    today = days.select(*SERIES, "schedule_date", *QUANTILE_LEVELS)
    first = today.filter(pl.col("schedule_date") == pl.col("schedule_date").min().over("tenant_id"))
    offered = (
        spare.select(*SERIES, "kitchen_id", "is_whole", "left", "share", "stock_usable", "sold", size=size)
        .filter((pl.col("left") > 0) & (pl.col("size") > 0))
        .join(first, on=SERIES)
        .with_columns(there=pl.col("share") + pl.col("stock_usable") + pl.col("sold"))
        .with_columns(
            most=pl.min_horizontal(
                pl.when("is_whole").then(pl.col("left").floor()).otherwise(PARTS),
                ((pl.col("q95") - pl.col("there")).clip(0.0) / pl.col("size")).ceil(),
            ).cast(pl.Int64)
        )
        .with_columns(part=pl.int_ranges(1, pl.col("most") + 1))
        .explode("part", empty_as_null=False, keep_nulls=False)
    )
    after = pl.col("there") + pl.col("part") * pl.col("size")
    sold = pl.col("size") - expected_leftover(after) + expected_leftover(after - pl.col("size"))
    parts = pl.when("is_whole").then(pl.col("left").floor()).otherwise(PARTS)
    extra = (
        offered.with_columns(sold=sold.round(DECIMALS))
        .sort(*KITCHEN_PRODUCT, "sold", "part", "location_id", descending=[False, False, False, True, False, False])
        .filter((pl.int_range(pl.len()).over(KITCHEN_PRODUCT) < parts) & (pl.col("sold") > 0))
        .group_by(SERIES)
        .agg(extra=(pl.len() * pl.col("size").first()).round(DECIMALS))
    )
    shared = lines.join(extra, on=SERIES, how="left", maintain_order="left").with_columns(
        pl.col("extra").fill_null(0.0)
    )
    return shared.with_columns(share=(pl.col("share") + pl.col("extra")).round(DECIMALS))
