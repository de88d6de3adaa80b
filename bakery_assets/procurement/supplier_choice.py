"""Supplier choice: how suppliers have delivered, and the score by which an ingredient's offers are put in order.

Which days an offer can deliver is in ``offers``; the best that can come in time is ordered from, see ``replenishment``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.quantities import DECIMALS, TOLERANCE, ordered_sum
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.tenant_settings import settings_on

SUPPLIER = ["tenant_id", "supplier_id"]
LINE = ["tenant_id", "order_id", "ingredient_id"]
WEIGHTS = tuple(f"supplier_weight_{term}" for term in ("price", "reliability", "lead_time", "quality"))
STATED_RECEIPTS = 10  # lines that have come weigh as much as what the supplier's row says
UNDISPUTED = 1.0  # quality of a supplier of whom nothing has come yet
PROMPT_HOURS = 6  # what is recorded so long after the end of its window came on time
IN_FULL = 0.99  # of what was ordered


class PerformanceInputs(TypedDict):
    """What ``supplier_performance`` reads."""

    suppliers: dy.DataFrame[ops.Suppliers]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    supplier_returns: dy.DataFrame[ops.SupplierReturns]


class SupplierPerformance(dy.Schema):
    """What share of a supplier's order lines comes on time and in full, and what share without complaint."""

    tenant_id = col.tenant_id()
    supplier_id = col.key_text("The supplier", primary_key=True)
    reliability = col.number("Measured, shrunk towards what its row says while it is measured on few", maximum=1.0)
    lines_measured = col.integer("Order lines on which it is measured")
    quality = col.number("Share of lines without complaint, shrunk towards 1 while few have come", maximum=1.0)
    lines_delivered = col.integer("Order lines on which that is measured: those of which something came")


def supplier_performance(cells: dy.DataFrame[Cells], inputs: PerformanceInputs) -> dy.DataFrame[SupplierPerformance]:
    """Performance of every supplier, sorted.

    reliability = (lines on time and in full + 10 x stated) / (lines + 10). A line counts when its window had ended by
    a day before the planning instant, of bakeries whose receipts name orders: of others it is not known what came.

    quality = (lines without complaint + 10) / (lines + 10). A line counts once a receipt names it; there is a complaint
    about it when one of them has one or says that something was rejected, or some of it went back with a reason.
    """
    named = inputs["stock_receipts"].filter(pl.col("order_id").is_not_null())
    instants = cells.select("tenant_id", "planned_as_of").join(named.select("tenant_id").unique(), on="tenant_id")
    due = (
        inputs["purchase_orders"]
        .join(instants, on="tenant_id")
        .filter((pl.col("quantity") > 0) & (pl.col("expected_to") <= pl.col("planned_as_of") - pl.duration(days=1)))
    )
    on_time = (
        due.select(*LINE, "expected_to")
        .join(named.select(*LINE, "received_at", came="quantity"), on=LINE)
        .filter(pl.col("received_at") <= pl.col("expected_to") + pl.duration(hours=PROMPT_HOURS))
        .group_by(LINE)
        .agg(ordered_sum("came"))
    )
    is_good = (pl.col("came").fill_null(0.0) >= IN_FULL * pl.col("quantity")).cast(pl.Float64)
    measured = (
        due.join(on_time, on=LINE, how="left")
        .group_by(SUPPLIER)
        .agg(good=is_good.sort().sum(), lines_measured=pl.len())
    )
    delivered = _lines_delivered(named, inputs["supplier_returns"], inputs["purchase_orders"])
    counts = ["good", "lines_measured", "clean", "lines_delivered"]

    def shrunk(good: str, lines: str, stated: pl.Expr) -> pl.Expr:
        return ((pl.col(good) + STATED_RECEIPTS * stated) / (pl.col(lines) + STATED_RECEIPTS)).round(DECIMALS)

    rows = (
        inputs["suppliers"]
        .join(measured, on=SUPPLIER, how="left")
        .join(delivered, on=SUPPLIER, how="left")
        .with_columns(pl.col(counts).fill_null(0))
        .with_columns(
            reliability=shrunk("good", "lines_measured", pl.col("reliability")),
            quality=shrunk("clean", "lines_delivered", pl.lit(UNDISPUTED)),
        )
    )
    return conform(SupplierPerformance, rows.sort(SUPPLIER))


def _lines_delivered(receipts: pl.DataFrame, returns: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """By supplier the ``lines_delivered``, and how many of them are ``clean``, without complaint.

    Args:
        receipts: those that name an order.
    """
    is_disputed = (pl.col("rejected_quantity") > 0) | pl.col("complaint").is_not_null()
    faulty = returns.filter((pl.col("quantity") > 0) & pl.col("reason").is_not_null()).select(LINE).unique()
    return (
        receipts.group_by(LINE)
        .agg(is_accepted=~is_disputed.any())
        .join(faulty.with_columns(is_returned=True), on=LINE, how="left")
        .with_columns(is_clean=pl.col("is_accepted") & pl.col("is_returned").is_null())
        .join(orders.select(*LINE, "supplier_id"), on=LINE)
        .group_by(SUPPLIER)
        .agg(clean=pl.col("is_clean").sum(), lines_delivered=pl.len())
    )


def with_score(
    offers: pl.DataFrame, cells: dy.DataFrame[Cells], settings: dy.DataFrame[ops.TenantSettings]
) -> pl.DataFrame:
    """Offers with ``score``, 0 to 1, the higher the better: the weighted mean, by the tenant's weights, of the cheapest
    price of the ingredient over the offer's, of its reliability, of the shortest lead time over its own, both with the
    day of the order, and of its quality.

    Args:
        offers: ``tenant_id, ingredient_id, reliability, quality, lead_time_days``, ``compared_in``: the currency
            in which it is compared with the others of the same, and ``compared_price`` in it.
    """
    compared = ["tenant_id", "ingredient_id", "compared_in"]
    weights = settings_on(cells.select("tenant_id", date="plan_date"), settings, WEIGHTS).drop("date")
    price, lead = pl.col("compared_price"), pl.col("lead_time_days") + 1
    cheap = pl.when(price > TOLERANCE).then(price.min().over(compared) / price).otherwise(1.0)
    quick = lead.min().over(compared) / lead
    terms = (cheap, pl.col("reliability"), quick, pl.col("quality"))
    weighted = pl.sum_horizontal(pl.col(name) * term for name, term in zip(WEIGHTS, terms, strict=True))
    whole = pl.sum_horizontal(WEIGHTS)
    score = pl.when(whole > 0).then(weighted / whole).otherwise(cheap)
    return offers.join(weights, on="tenant_id", how="left").with_columns(score=score.round(DECIMALS)).drop(WEIGHTS)
