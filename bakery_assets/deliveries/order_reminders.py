"""Reminders: orders that the latest plan proposes, that are neither decided nor placed, an hour before their cut-off.

The plan's own alert ``order_today`` says in the morning what to order of whom in the day. A reminder is about what of
it is still undecided, and says what that will cost: its consequence is that of the lines.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.deliveries.texts import DeliveryFindings
from bakery_assets.explanations.formats import as_json, clock, iso_instant, listed, money, on_weekday, quantity
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import CENTS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas.plans import AlertKind
from bakery_assets.tenant_settings import settings_on

KIND: AlertKind = "order_due"
PRIORITY = 85
NAMED = 3  # lines named in the message; the reasoning has all
REPORTED = 2  # of them whose consequences are reported, those needed first


class ReminderInputs(TypedDict):
    """What ``order_reminders`` reads; requirements are those of each tenant's latest plan that are undecided."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    undecided: dy.DataFrame[plans.ProcurementRequirements]


def order_reminders(cells: dy.DataFrame[Cells], inputs: ReminderInputs) -> dy.DataFrame[DeliveryFindings]:
    """One reminder for each supplier and cut-off that is less than ``order_reminder_hours`` off; sorted by cause.

    Args:
        cells: one row for a tenant; ``planned_as_of`` is the instant of the watch.
    """
    limits = settings_on(
        cells.select("tenant_id", date="plan_date"), inputs["tenant_settings"], ("order_reminder_hours",)
    ).drop("date")
    early = pl.duration(microseconds=(pl.col("order_reminder_hours") * 3.6e9).round().cast(pl.Int64))
    due = (
        inputs["undecided"]
        .drop("plan_date")
        .filter(pl.col("planned_order_quantity") > 0, pl.col("supplier_id").is_not_null())
        .join(cells.select("tenant_id", "plan_date", "timezone", at="planned_as_of"), on="tenant_id")
        .join(limits, on="tenant_id")
        .with_columns(opened_at=pl.col("order_by") - early)
        .filter(pl.col("at").is_between("opened_at", "order_by", closed="left"))
        .join(inputs["ingredients"].select(*INGREDIENT, "unit", item="name"), on=INGREDIENT)
        .join(inputs["suppliers"].select("tenant_id", "supplier_id", supplier="name"), on=["tenant_id", "supplier_id"])
    )
    suppliers = (
        with_local_times(due, local="order_by")
        .sort("tenant_id", "supplier_id", "order_by", -pl.col("cost"), "ingredient_id", "deliver_on")
        .with_columns(word=pl.format("{} {}", "item", quantity("planned_order_quantity")))
        .group_by("tenant_id", "supplier_id", "supplier", "order_by", "local", "plan_date", "opened_at", "currency",
                  maintain_order=True)
        .agg(
            named=listed("word", NAMED),
            cost=pl.col("cost").sum().round(CENTS),
            deliver_on=pl.col("deliver_on").min(),
            consequences=pl.col("consequence")
            .sort_by("needed_on", nulls_last=True, maintain_order=True)
            .drop_nulls()
            .head(REPORTED)
            .str.join(" "),
            lines=pl.struct("ingredient_id", "unit", quantity="planned_order_quantity",
                            deliver_on=pl.col("deliver_on").cast(pl.String)),
            told_of=pl.format("{} {}", "ingredient_id", "planned_order_quantity").str.join("; "),
        )
    )  # fmt: skip
    texts = suppliers.select(
        "tenant_id",
        "opened_at",
        cause=pl.format("{}:{}:{}", pl.lit(KIND), "supplier_id", pl.col("order_by").dt.strftime("%Y-%m-%dT%H:%MZ")),
        kind=pl.lit(KIND),
        subject="supplier_id",
        alert_class=pl.lit(plans.CLASS_OF[KIND]),
        severity=pl.lit("high"),
        priority=pl.lit(PRIORITY, pl.Int32),
        deadline="order_by",
        message=pl.format(
            "{} takes orders until {} {}, and nothing is decided about {} ({}).",
            "supplier", clock("local"), on_weekday(pl.col("local").dt.date()), "named", money("cost"),
        ),
        consequence=pl.format(
            "Otherwise nothing of it is delivered {}. {}", on_weekday("deliver_on"), "consequences"
        ).str.strip_chars_end(),
        suggested_action=pl.format(
            "Approve it (bakery approve --tenant {}), reject it, or place the order and record it as a purchase order.",
            "tenant_id",
        ),
        reasoning=as_json(
            supplier_id="supplier_id", order_by=iso_instant("order_by"), lines="lines", cost="cost",
            currency="currency", told_of="told_of",
        ),
    )  # fmt: skip
    return conform(DeliveryFindings, texts.sort("tenant_id", "cause"))
