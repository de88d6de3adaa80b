"""Findings about what is recorded of stock: ingredients of which nothing is known, and counts that are too old.

Each is one finding for a bakery, which names what matters most. Sales that are not reported are in ``sales_alerts``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.explanations.formats import as_json, counted, iso_date, listed
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.items import INGREDIENT_KIND
from bakery_assets.materials.unit_values import ValueInputs, unit_values
from bakery_assets.schemas import Cells, ops, plans
from bakery_assets.tenant_settings import settings_on

NAMED = 3  # ingredients named in the message; the reasoning has all


class RecordAlertInputs(ValueInputs, TypedDict):
    """What ``record_findings`` reads."""

    ingredients: dy.DataFrame[ops.Ingredients]
    stock_lots: dy.DataFrame[ops.StockLots]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def record_findings(cells: dy.DataFrame[Cells], inputs: RecordAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``stock_unrecorded`` and ``stale_counts``, each at most once a day."""
    used = _used_ingredients(cells, inputs)
    return [_unrecorded(used.filter(~pl.col("is_known"))), _stale_counts(cells, used.filter("is_known"), inputs)]


def _used_ingredients(cells: dy.DataFrame[Cells], inputs: RecordAlertInputs) -> pl.DataFrame:
    """Ingredients that the two weeks of the plan require, those of which most money is used first."""
    values = unit_values(cells, inputs).filter(pl.col("item_kind") == INGREDIENT_KIND)
    return (
        inputs["inventory_projections"]
        .filter(pl.col("item_kind") == INGREDIENT_KIND)
        .group_by("tenant_id", "plan_date", ingredient_id="item_id")
        .agg(required=pl.col("gross_requirement").sort().sum(), is_known=(pl.col("stockout_risk") != "unknown").all())
        .filter(pl.col("required") > 0)
        .join(inputs["ingredients"].select(*INGREDIENT, "shelf_life_days", item="name"), on=INGREDIENT)
        .join(values.rename({"item_id": "ingredient_id"}), on=INGREDIENT, how="left")
        .with_columns(used_value=pl.col("required") * pl.col("unit_value"))
        .sort(
            "tenant_id", "used_value", "item", "ingredient_id", descending=[False, True, False, False], nulls_last=True
        )
    )


def _unrecorded(unknown: pl.DataFrame) -> dy.DataFrame[Finding]:
    """Bakeries that record neither orders nor deliveries."""
    bakeries = unknown.group_by("tenant_id", "plan_date", maintain_order=True).agg(
        count=pl.len(), named=listed("item", NAMED), ingredients=pl.col("ingredient_id")
    )
    return finding(
        bakeries,
        severity="low",
        kind="stock_unrecorded",
        message=pl.format(
            "Neither orders nor deliveries are recorded, so the stock of {} is not known: {}.",
            counted("count", "ingredient", "ingredients"),
            "named",
        ),
        reasoning=as_json(ingredients="ingredients"),
        consequence=(
            "They are ordered for what is baked from one delivery to the next, whatever is still there, and no plan can"
            " say that something runs out."
        ),
        suggested_action=(
            "Record deliveries (bakery receive) or orders (purchase_orders), and count once (bakery count): then only"
            " what is missing is ordered, and what runs out or expires is reported days before."
        ),
    )


def _stale_counts(cells: dy.DataFrame[Cells], used: pl.DataFrame, inputs: RecordAlertInputs) -> dy.DataFrame[Finding]:
    """Ingredients that keep for longer than the limit, whose last count is older than it.

    What keeps for less time leaves the book when it expires, so that no error of the book outlives the limit. What was
    never counted is as old as the first delivery or count that the bakery has recorded.
    """
    days = settings_on(cells.with_columns(date="plan_date"), inputs["tenant_settings"], ("count_within_days",))
    limits = days.select("tenant_id", "timezone", limit="count_within_days")
    counts = inputs["stock_lots"].with_columns(at=pl.coalesce("counted_at", "recorded_at"))
    first = (
        pl.concat([counts.select("tenant_id", "at"), inputs["stock_receipts"].select("tenant_id", at="received_at")])
        .group_by("tenant_id")
        .agg(began_at=pl.col("at").min())
    )
    last = counts.filter(pl.col("ingredient_id").is_not_null()).group_by(INGREDIENT).agg(counted_at=pl.col("at").max())
    known = (
        used.join(limits, on="tenant_id")
        .join(last, on=INGREDIENT, how="left", maintain_order="left")
        .join(first, on="tenant_id", how="left", maintain_order="left")
        .with_columns(since=pl.coalesce("counted_at", "began_at"))
    )
    dated = with_local_times(known, since="since", counted="counted_at").with_columns(
        pl.col("since", "counted").dt.date()
    )
    is_old = (pl.col("plan_date") - pl.col("since")).dt.total_days() > pl.col("limit")
    keeps = pl.col("shelf_life_days").is_null() | (pl.col("shelf_life_days") > pl.col("limit"))
    phrase = pl.format("{} ({})", "item", pl.format("last on {}", iso_date("counted")).fill_null("never"))
    stale = (
        dated.with_columns(all=pl.len().over("tenant_id"))
        .filter(is_old & keeps)
        .with_columns(phrase=phrase)
        .group_by("tenant_id", "plan_date", "limit", "all", maintain_order=True)
        .agg(
            count=pl.len(),
            named=listed("phrase", NAMED),
            items=pl.struct("ingredient_id", "counted", value_of_two_weeks=pl.col("used_value").round(2)),
        )
    )
    have = pl.when(pl.col("count") == 1).then(pl.lit("has")).otherwise(pl.lit("have"))
    return finding(
        stale,
        severity="low",
        kind="stale_counts",
        stake=pl.col("count") / pl.col("all"),
        message=pl.format(
            "{} {} not been counted for more than {} days: {}.",
            counted("count", "ingredient", "ingredients"), have, pl.col("limit").cast(pl.Int64), "named",
        ),
        reasoning=as_json(items="items", limit_days="limit"),
        consequence="The book may have drifted from what is there: too much is ordered, or something runs out.",
        suggested_action="Count them, the first ones first, with bakery count or a file of stock_lots.",
    )  # fmt: skip
