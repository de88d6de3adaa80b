"""What the stock projection foretells: which items run short and from when, and which stock is lost unused."""

import polars as pl

from bakery_assets.cells import HORIZON_DAYS, Frames

ITEM = ["tenant_id", "plan_date", "item_kind", "item_id"]
LOST_WITHIN_DAYS = 3  # stock that expires later can still be worked into a coming day's plan


def item_names(frames: Frames) -> pl.DataFrame:
    """Products and ingredients together: ``tenant_id, item_kind, item_id, item, unit``."""
    parts = [
        frames[f"{kind}s"].select("tenant_id", item_kind=pl.lit(kind), item_id=f"{kind}_id", item="name", unit="unit")
        for kind in ("ingredient", "product")
    ]
    return pl.concat(parts)


def items_at_risk(projections: pl.DataFrame, risk: str) -> pl.DataFrame:
    """Items that carry ``risk`` on some day, and what is missing from when; one row per item, sorted.

    Of products only the days that are baked for count: behind them the projection repeats a week's baking, whose
    sizes owe something to stock that will be gone by then.

    Returns:
        ``ITEM``, ``first_day`` and ``last_day`` of the risk; ``opening``, ``receipts`` and ``required`` of its first
        day; ``short`` (unmet over all days, in the item's unit), ``short_days``, ``lowest`` (closing stock).
    """
    risky = pl.col("stockout_risk") == risk
    is_baked_for = pl.col("projection_date") < pl.col("plan_date") + pl.duration(days=HORIZON_DAYS)
    return (
        projections.filter((pl.col("item_kind") != "product") | is_baked_for)
        .sort(*ITEM, "projection_date")
        .group_by(ITEM, maintain_order=True)
        .agg(
            pl.col("projection_date").filter(risky).first().alias("first_day"),
            pl.col("projection_date").filter(risky).last().alias("last_day"),
            *(pl.col(name).filter(risky).first() for name in ("opening", "receipts", "required")),
            short=pl.col("unmet").sum().round(6),
            short_days=(pl.col("unmet") > 0).sum(),
            lowest=pl.col("closing").min(),
        )
        .filter(pl.col("first_day").is_not_null())
    )


def stock_lost(projections: pl.DataFrame, days: int = LOST_WITHIN_DAYS) -> pl.DataFrame:
    """Stock of this morning that expires unused within ``days`` days; one row per item, sorted.

    Of an ingredient everything that expires counts. Of a product only what was there in the morning:
    bread baked today that nobody buys is the price of having enough, not news. The oldest stock is sold
    first, so what of it is left on a day is the opening less all that was used or lost until then.

    Returns:
        ``ITEM``, ``first_day``, ``days`` (on which something is lost), ``lost`` and ``opening`` (the plan date's) in
        the item's unit.
    """
    gone_before = (pl.col("consumption") + pl.col("expired")).cum_sum().over(ITEM) - pl.col("expired")
    left = (pl.col("opening").first().over(ITEM) - gone_before).clip(0.0)
    lost = pl.when(pl.col("item_kind") == "product").then(pl.min_horizontal("expired", left)).otherwise("expired")
    return (
        projections.sort(*ITEM, "projection_date")
        .with_columns(lost=lost.round(6))
        .filter(pl.col("projection_date") < pl.col("plan_date") + pl.duration(days=days))
        .group_by(ITEM, maintain_order=True)
        .agg(
            pl.col("projection_date").filter(pl.col("lost") > 0).first().alias("first_day"),
            pl.col("lost").sum().round(6),
            pl.col("opening").first(),
            days=(pl.col("lost") > 0).sum(),
        )
        .filter(pl.col("lost") > 0)
    )
