"""Findings about stock that no record accounts for: what counts found missing, what was sold beyond what was made.

Each is one finding for a bakery, the items of which most money is concerned first.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.briefing.stock_outlook import item_names
from bakery_assets.cells import OUTLOOK_DAYS
from bakery_assets.explanations.formats import as_json, listed, money, percent, quantity
from bakery_assets.keys import CELL, ITEM
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.unit_values import ValueInputs, unit_values
from bakery_assets.quantities import CENTS, DECIMALS
from bakery_assets.schemas import Cells, ops, plans
from bakery_assets.stock.recorded import with_item
from bakery_assets.tenant_settings import settings_on

SHRINKAGE_DAYS = 28  # days before the plan date whose counts are compared with the book
NAMED = 3  # items named in the message; the reasoning has all
KEY = [*CELL, *ITEM[1:]]


class DifferenceAlertInputs(ValueInputs, TypedDict):
    """What ``difference_findings`` reads; ``past_adjustments`` are those that plans of earlier days kept."""

    ingredients: dy.DataFrame[ops.Ingredients]
    stock_lots: dy.DataFrame[ops.StockLots]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    stock_movements: dy.DataFrame[plans.StockMovements]
    stock_closing_balances: dy.DataFrame[plans.StockClosingBalances]
    past_adjustments: dy.DataFrame[plans.StockMovements]
    unexplained_usage: dy.DataFrame[plans.UnexplainedUsage]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def difference_findings(cells: dy.DataFrame[Cells], inputs: DifferenceAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``shrinkage`` and ``unexplained_sales``, each at most once a day."""
    keys = ("shrinkage_limit", "unexplained_limit")
    limits = settings_on(cells.with_columns(date="plan_date"), inputs["tenant_settings"], keys)
    limits = limits.join(inputs["tenants"].select("tenant_id", "currency"), on="tenant_id", how="left")
    names = item_names(inputs["products"], inputs["ingredients"])
    return [
        _shrinkage(_found(cells, inputs).join(names, on=ITEM), limits, inputs),
        _unexplained(cells, names, limits, inputs),
    ]


def _found(cells: dy.DataFrame[Cells], inputs: DifferenceAlertInputs) -> pl.DataFrame:
    """What the counts of the last 28 days found beyond the book of each item, or with a minus less than it.

    The first count of an item says what there is, not what is gone: before it the book did not know what it began with.
    The movements of a day are in the plans of several, of which the last is right: a later plan that reaches back to
    that day and no longer has a difference knows of a correction.
    """
    zones = cells.select("tenant_id", "timezone", today="plan_date")
    counted = (
        with_item(inputs["stock_lots"])
        .group_by(ITEM)
        .agg(first_counted_at=pl.coalesce("counted_at", "recorded_at").min())
    )
    # Every plan reaches back at least so far; after closed days further.
    reach = inputs["stock_closing_balances"].select(*CELL, "reach_days")
    planned_on = with_local_times(cells, planned="planned_as_of").join(reach, on=CELL, how="left")
    ahead = (pl.col("plan_date") - pl.col("planned").dt.date()).dt.total_days()
    spans = planned_on.select("tenant_id", reaches=ahead + pl.col("reach_days").fill_null(1))
    own = inputs["stock_movements"].filter(pl.col("kind") == "adjustment")
    rows = pl.concat([own, inputs["past_adjustments"]]).join(zones, on="tenant_id").join(spans, on="tenant_id")
    dated = with_local_times(rows, happened_on="happened_at").with_columns(pl.col("happened_on").dt.date())
    later = pl.concat([inputs["plan_versions"].select(CELL), cells.select(CELL)]).unique()
    reported_later = (
        dated.select("tenant_id", "plan_date", "happened_on", "reaches")
        .unique()
        .join(later.rename({"plan_date": "later_on"}), on="tenant_id")
        .filter(
            pl.col("later_on") > pl.col("plan_date"),
            pl.col("later_on") - pl.duration(days="reaches") <= pl.col("happened_on"),
        )
    )
    counting = dated.join(reported_later, on=["tenant_id", "plan_date", "happened_on"], how="anti").join(
        counted, on=ITEM
    )
    row = [*ITEM, "location_id", "lot_id", "happened_at", "source"]
    counting = counting.filter(
        pl.col("plan_date") == pl.col("plan_date").max().over(row),
        pl.col("happened_on") >= pl.col("today") - pl.duration(days=SHRINKAGE_DAYS),
        pl.col("happened_at") > pl.col("first_counted_at"),
    )
    return (
        counting.sort("tenant_id", "happened_at", "movement_number")
        .group_by("tenant_id", *ITEM[1:], plan_date="today")
        .agg(
            found=pl.col("quantity").sum().round(DECIMALS),
            value=pl.when(pl.col("value").is_not_null().any()).then(pl.col("value").sum().round(CENTS)),
            last_counted_on=pl.col("happened_on").max(),
        )
    )


def _shrinkage(found: pl.DataFrame, limits: pl.DataFrame, inputs: DifferenceAlertInputs) -> dy.DataFrame[Finding]:
    """Items of which counts found less than the book had, by more than the limit of what they use in that time."""
    use = (
        inputs["inventory_projections"]
        .group_by(KEY)
        .agg(used=pl.col("gross_requirement").sort().sum() / OUTLOOK_DAYS * SHRINKAGE_DAYS)
    )
    items = (
        found.join(use, on=KEY)
        .join(limits.select("tenant_id", "currency", limit="shrinkage_limit"), on="tenant_id")
        .filter(pl.col("used") > 0)
        .with_columns(missing=-pl.col("found"), share=-pl.col("found") / pl.col("used"), lost=-pl.col("value"))
        .filter(pl.col("share") > pl.col("limit"))
        .sort(*CELL, "lost", "share", "item_id", descending=[False, False, True, True, False], nulls_last=True)
    )
    worth = pl.when(pl.col("lost").is_not_null()).then(pl.format("{}, ", money("lost"))).otherwise(pl.lit(""))
    phrase = pl.format("{} {} ({}{} of its use)", "item", quantity("missing"), worth, percent("share"))
    bakeries = (
        items.with_columns(phrase=phrase)
        .group_by(*CELL, "limit", "currency", maintain_order=True)
        .agg(
            named=listed("phrase", NAMED),
            share=pl.col("share").max(),
            lost=pl.when(pl.col("lost").is_not_null().any()).then(pl.col("lost").sum().round(CENTS)),
            items=pl.struct(
                "item_id", "item_kind", "missing", "unit", "value", "last_counted_on",
                used=pl.col("used").round(DECIMALS), share=pl.col("share").round(DECIMALS),
            ),
        )
    )  # fmt: skip
    return finding(
        bakeries,
        severity="medium",
        kind="shrinkage",
        stake=pl.col("share"),
        message=pl.format(
            "The counts of the last {} days found less than the book had: {}.", pl.lit(SHRINKAGE_DAYS), "named"
        ),
        reasoning=as_json(items="items", limit="limit", value="lost", currency="currency"),
        consequence="What is gone without a record is bought again, and what a product costs is higher than it seems.",
        suggested_action=(
            "Count these again. If the counts are right, look at weights and recipes, at deliveries that came short,"
            " and at unrecorded waste (bakery waste)."
        ),
    )


def _unexplained(
    cells: dy.DataFrame[Cells], names: pl.DataFrame, limits: pl.DataFrame, inputs: DifferenceAlertInputs
) -> dy.DataFrame[Finding]:
    """What was sold, thrown away or returned to suppliers beyond the book by more than the limit, since the ledger's
    first day."""
    taken = (
        inputs["stock_movements"]
        .filter(pl.col("kind").is_in(["sale", "waste", "supplier_return"]))
        .group_by(KEY)
        .agg(explained=-pl.col("quantity").sort().sum())
    )
    zones = limits.select("tenant_id", "timezone", "currency", limit="unexplained_limit")
    usage = with_local_times(inputs["unexplained_usage"].join(zones, on="tenant_id"), day="happened_at")
    items = (
        usage.sort(*KEY, "happened_at")
        .group_by(*KEY, "limit", "currency", maintain_order=True)
        .agg(
            beyond=pl.col("quantity").sum().round(DECIMALS),
            days=pl.col("day").dt.strftime("%a %-d %b").unique(maintain_order=True).str.join(", "),
        )
        .join(taken, on=KEY, how="left")
        .with_columns(total=pl.col("beyond") + pl.col("explained").fill_null(0.0))
        .with_columns(share=pl.col("beyond") / pl.col("total"))
        .filter(pl.col("share") > pl.col("limit"))
        .join(names, on=ITEM)
        .join(unit_values(cells, inputs), on=ITEM, how="left")
        .with_columns(value=(pl.col("beyond") * pl.col("unit_value")).round(CENTS))
        .sort(*CELL, "value", "share", "item_id", descending=[False, False, True, True, False], nulls_last=True)
    )
    phrase = pl.format("{} {} ({} of all, {})", "item", quantity("beyond"), percent("share"), "days")
    bakeries = (
        items.with_columns(phrase=phrase)
        .group_by(*CELL, "limit", "currency", maintain_order=True)
        .agg(
            named=listed("phrase", NAMED),
            share=pl.col("share").max(),
            items=pl.struct(
                "item_id", "beyond", "total", "unit", "value", "days", share=pl.col("share").round(DECIMALS)
            ),
        )
    )
    return finding(
        bakeries,
        severity="medium",
        kind="unexplained_sales",
        stake=pl.col("share"),
        message=pl.format("More was sold, thrown away or returned than was made and there: {}.", "named"),
        reasoning=as_json(items="items", limit="limit", currency="currency"),
        consequence=(
            "Something was baked or delivered that was not reported, or the till books a product as another one."
        ),
        suggested_action=(
            "Report what was really made (bakery done, or batch_events of a batch that was not planned), and count what"
            " is there."
        ),
    )
