"""Returns of a file that take back more of a lot than was received into it, or of a lot that never came.

A row is judged with all other returns of its lot, those of the file and those known before, which count first.
"""

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, RowFaults, row_faults
from bakery_assets.intake.references import KnownRows
from bakery_assets.intake.tables import RECORDED_AT, TableSpec
from bakery_assets.quantities import TOLERANCE, ordered_sum
from bakery_assets.schemas import ops, table_name

LOT = ["tenant_id", "ingredient_id", "lot_id"]
KNOWN = 0  # the row number of what is no row of the file


def excessive_returns(spec: TableSpec, rows: pl.DataFrame, known: KnownRows) -> dy.DataFrame[RowFaults]:
    """The rows at fault.

    Args:
        rows: ``ROW_NUMBER`` and the table's columns, rows that nothing else is wrong with.
    """
    if spec.schema is not ops.SupplierReturns or rows.is_empty():
        return row_faults()
    lots = rows.select(LOT).unique()
    earlier = known.of_lots(spec.name, lots).with_columns(pl.lit(KNOWN, rows.schema[ROW_NUMBER]).alias(ROW_NUMBER))
    latest = _latest(pl.concat([earlier, rows.select(earlier.columns)]), list(spec.subject), ROW_NUMBER)
    receipts = _latest(known.of_lots(table_name(ops.StockReceipts), lots), ["tenant_id", "receipt_id", "lot_id"])
    came = receipts.filter(pl.col("state") != "draft")
    of_order = _beyond(latest.filter(pl.col("order_id").is_not_null()), came, [*LOT, "order_id"])
    of_lot = _beyond(latest.with_columns(order_id=pl.lit(None, pl.String)), came, LOT)
    faulty = pl.concat([of_order, of_lot]).unique(ROW_NUMBER, keep="first", maintain_order=True)
    never_came = pl.col("received").is_null()
    return row_faults(
        faulty.select(
            ROW_NUMBER,
            code=pl.lit("returns_too_much"),
            column_name=pl.when(never_came).then(pl.lit("lot_id")).otherwise(pl.lit("quantity")),
            reason=_reason(),
        )
    )


def _latest(records: pl.DataFrame, key: list[str], *then: str) -> pl.DataFrame:
    return records.sort(RECORDED_AT, *then).unique(key, keep="last", maintain_order=True)


def _beyond(returns: pl.DataFrame, came: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows of the file with which more of a lot is ``returned`` than was ``received``, which is empty for nothing."""
    received = came.group_by(key).agg(received=ordered_sum("quantity"))
    is_new = pl.col(ROW_NUMBER) != KNOWN
    return (
        returns.sort(is_new, RECORDED_AT, ROW_NUMBER)
        .with_columns(returned=pl.col("quantity").cum_sum().over(key))
        .join(received, on=key, how="left", maintain_order="left")
        .filter(is_new & (pl.col("quantity") > 0))
        .filter(pl.col("returned") > pl.col("received").fill_null(0.0) + TOLERANCE)
    )


def _reason() -> pl.Expr:
    with_order = pl.format(" with order {}", "order_id").fill_null("")
    never = pl.format(
        "lot {} of {} was never received{}; record its receipt first, or what was thrown away as waste",
        "lot_id", "ingredient_id", with_order,
    )  # fmt: skip
    beyond = pl.format(
        "{} of lot {} of {} would have gone back, of which {} came{}; correct the quantity, or the receipt",
        _number("returned"), "lot_id", "ingredient_id", _number("received"), with_order,
    )  # fmt: skip
    return pl.when(pl.col("received").is_null()).then(never).otherwise(beyond)


def _number(quantity: str) -> pl.Expr:
    return pl.col(quantity).round(3).cast(pl.String).str.strip_suffix(".0")
