"""What decisions are judged by: plans as published, what was decided before, and what has become of orders."""

import dataframely as dy
import polars as pl

from bakery_assets.materials.delivery_windows import WindowFacts
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import ops, plans

DECISION = ["tenant_id", "decision_id"]
VERSION = ["tenant_id", "plan_date", "version"]
PROPOSAL = [*VERSION, "proposal_number"]
LINE = [*VERSION, "requirement_number"]

PROCUREMENT = "procurement_plans"
TAKES_BACK = ("reject", "cancel")
AUTO = "auto"  # who decides by the tenant's rules, and what the ids of those decisions begin with


class LaterOrders(dy.Schema):
    """When an ingredient was last ordered otherwise than by a version's own proposals."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Version of that plan", minimum=1, primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    order_id = col.key_text("An order of it that was recorded after the plan's instant")


class SentOrders(dy.Schema):
    """Orders that have left the house."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    sent_at = col.instant("When")


class DecisionFacts(WindowFacts):
    """What ``settle`` reads, of the tenants and plans that it is about.

    ``plan_decisions`` has those that are not judged yet and those that were accepted; ``outcomes`` of the latter.
    ``plan_versions`` are published, and reach from the first of these plans to the tenants' newest.
    ``past_batch_events`` are those of days whose batches are decided about. ``past_orders`` (in their latest records)
    and ``stock_receipts`` are those of tenants with rules for approval.
    """

    tenants: dy.DataFrame[ops.Tenants]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    plan_decisions: dy.DataFrame[ops.PlanDecisions]
    outcomes: dy.DataFrame[plans.DecisionOutcomes]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_proposals: dy.DataFrame[plans.PublishedProposals]
    published_orders: dy.DataFrame[plans.PublishedOrders]
    published_batches: dy.DataFrame[plans.PublishedBatches]
    past_batch_events: dy.DataFrame[ops.BatchEvents]
    equipment: dy.DataFrame[ops.Equipment]
    later_orders: dy.DataFrame[LaterOrders]
    sent_orders: dy.DataFrame[SentOrders]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    past_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]


def with_successors(versions: dy.DataFrame[plans.PlanVersions]) -> pl.DataFrame:
    """Versions with what took their place: ``next_version`` of the same day, ``newer_date`` of the tenant's plans.

    Both are empty where there is none.
    """
    published = versions.filter(pl.col("published_at").is_not_null()).sort(VERSION)
    newest = pl.col("plan_date").max().over("tenant_id")
    return published.with_columns(
        next_version=pl.col("version").shift(-1).over("tenant_id", "plan_date"),
        newer_date=pl.when(newest > pl.col("plan_date")).then(newest),
    )
