"""Exchange rates: what other currencies are worth in a bakery's own on the day that is planned.

Amounts in different currencies are compared or added only through a rate from here; without one they stay apart.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.tenant_settings import settings_on


class RateInputs(TypedDict):
    """What ``rates_on`` reads."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    exchange_rates: dy.DataFrame[ops.ExchangeRates]


class DayRates(dy.Schema):
    """Rates that hold on the plan date."""

    tenant_id = col.tenant_id()
    currency = col.key_text("ISO 4217 code of the other currency", primary_key=True)
    exchange_rate = ops.ExchangeRates.rate


def rates_on(cells: dy.DataFrame[Cells], inputs: RateInputs) -> dy.DataFrame[DayRates]:
    """Of each currency the last rate up to the plan date, if it is no older than ``exchange_rate_days``; sorted."""
    days = settings_on(
        cells.select("tenant_id", date="plan_date"), inputs["tenant_settings"], ("exchange_rate_days",)
    ).rename({"date": "plan_date"})
    age = (pl.col("plan_date") - pl.col("date")).dt.total_days()
    last = (
        inputs["exchange_rates"]
        .join(days, on="tenant_id")
        .filter((age >= 0) & (age <= pl.col("exchange_rate_days")))
        .sort("date")
        .unique(["tenant_id", "currency"], keep="last")
    )
    return conform(DayRates, last.rename({"rate": "exchange_rate"}).sort(DayRates.primary_key()))


def with_exchange_rate(
    priced: pl.DataFrame, tenants: dy.DataFrame[ops.Tenants], rates: dy.DataFrame[DayRates]
) -> pl.DataFrame:
    """Rows with ``currency``, the tenant's where they name none, ``own_currency`` and ``exchange_rate``.

    The rate is 1 for the tenant's own currency, and empty where it is not known. Rows keep their order.
    """
    own = tenants.select("tenant_id", own_currency="currency")
    named = priced.join(own, on="tenant_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("currency", "own_currency")
    )
    is_foreign = (pl.col("currency") != pl.col("own_currency")).fill_null(value=False)
    return named.join(rates, on=["tenant_id", "currency"], how="left", maintain_order="left").with_columns(
        exchange_rate=pl.when(is_foreign).then("exchange_rate").otherwise(1.0)
    )
