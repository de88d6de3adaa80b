"""Forecasts next to actuals: what sold on the days that are validated."""

import dataframely as dy
import polars as pl

from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.validation.validation_days import SHOP_DAY, LeadForecasts


class ForecastsWithActuals(LeadForecasts):
    """Forecasts of every lead with what sold."""

    actual = plans.ValidationResults.actual
    has_sales = col.boolean("There is a row of sales; without one the actual is 0")
    is_sold_out = plans.ValidationResults.is_sold_out
    has_traded = col.boolean("The shop has sales of any product that day")
    has_sold = col.boolean("It has traded, and not everything was 0 or returned")

    @dy.rule()
    def without_sales_actual_is_zero(cls) -> pl.Expr:
        """What has no row of sales sold 0."""
        return pl.col("has_sales") | (pl.col("actual") == 0)

    @dy.rule()
    def only_a_shop_that_traded_has_sold(cls) -> pl.Expr:
        """A row of sales is what makes a shop have traded."""
        return (pl.col("has_traded") | ~pl.col("has_sales")) & (pl.col("has_traded") | ~pl.col("has_sold"))


def join_actuals(
    forecasts: dy.DataFrame[LeadForecasts], sales: dy.DataFrame[ops.Sales]
) -> dy.DataFrame[ForecastsWithActuals]:
    """Each forecast with what sold, by plan, day, lead and series.

    A shop has traded on a day when it has a row of sales. There a product that was forecast and has no row sold 0.
    A shop without any row may have a till that is down: nothing is known of its sales.
    """
    validated = forecasts.select("tenant_id", sales_date="validation_date").unique()
    sold = sales.join(validated, on=["tenant_id", "sales_date"], how="semi").select(
        "tenant_id",
        "location_id",
        "product_id",
        validation_date="sales_date",
        actual="quantity",
        is_sold_out=pl.col("sold_out_at").is_not_null(),
    )
    shops = sold.group_by(SHOP_DAY).agg(has_traded=pl.lit(True), has_sold=(pl.col("actual") > 0).any())
    compared = (
        forecasts.join(sold, on=[*SHOP_DAY, "product_id"], how="left")
        .join(shops, on=SHOP_DAY, how="left")
        .with_columns(
            pl.col("actual").fill_null(0.0),
            pl.col("is_sold_out").fill_null(False),
            pl.col("has_traded", "has_sold").fill_null(False),
            has_sales=pl.col("actual").is_not_null(),
        )
        .sort(LeadForecasts.primary_key())
    )
    return conform(ForecastsWithActuals, compared)
