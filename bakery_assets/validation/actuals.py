"""What sold on the days that are checked, beside the forecasts of these days."""

import polars as pl

SHOP_DAY = ["tenant_id", "validation_date", "location_id"]


def beside_sales(forecasts: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Each forecast row with what sold.

    A shop has traded on a day when it has a row of sales. There a product forecast but without a row sold 0.
    A shop without any row is silent: its till may be down, so that nothing is known of its sales.

    Args:
        forecasts: of ``forecasts_by_lead``.
        sales: columns of ``sales``.

    Returns:
        ``forecasts`` sorted by its key, with ``actual`` (units, 0 where there is no row), ``has_sales`` (there is
        one), ``is_sold_out`` (the last one went before closing: ``actual`` is less than was asked for),
        ``has_traded`` (the shop did) and ``has_sold`` (it did, and not everything was 0 or came back).
    """
    checked = forecasts.select("tenant_id", sales_date="validation_date").unique()
    sold = sales.join(checked, on=["tenant_id", "sales_date"], how="semi").select(
        "tenant_id",
        "location_id",
        "product_id",
        validation_date="sales_date",
        actual="quantity",
        is_sold_out=pl.col("sold_out_at").is_not_null(),
    )
    shops = sold.group_by(SHOP_DAY).agg(has_traded=pl.lit(True), has_sold=(pl.col("actual") > 0).any())
    return (
        forecasts.join(sold, on=[*SHOP_DAY, "product_id"], how="left")
        .join(shops, on=SHOP_DAY, how="left")
        .with_columns(
            pl.col("actual").fill_null(0.0),
            pl.col("is_sold_out").fill_null(False),
            pl.col("has_traded", "has_sold").fill_null(False),
            has_sales=pl.col("actual").is_not_null(),
        )
        .sort("tenant_id", "plan_date", "validation_date", "lead_days", "location_id", "product_id")
    )
