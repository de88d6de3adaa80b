"""Numbers of purchase orders, which follow from the proposal, so that a retry writes the same order again."""

import polars as pl


def order_number() -> pl.Expr:
    """``PO-20260302-1-P01``: plan, version and proposal, which is one supplier's one delivery."""
    day = pl.col("plan_date").dt.strftime("%Y%m%d")
    return pl.format("PO-{}-{}-{}", day, "version", "proposal_number")


def moved_order_number() -> pl.Expr:
    """The order of lines of the proposal that go to ``supplier_id`` or come on ``deliver_on`` instead."""
    return pl.format("{}-{}-{}", order_number(), "supplier_id", pl.col("deliver_on").dt.strftime("%Y%m%d"))


def is_order_of_proposal() -> pl.Expr:
    """Whether ``order_id`` is one of the row's proposal."""
    own = order_number()
    return (pl.col("order_id") == own) | pl.col("order_id").str.starts_with(own + "-")
