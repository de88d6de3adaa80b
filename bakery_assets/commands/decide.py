"""`bakery approve`, `reject`, `change` and `regenerate`: what a person decides about a day's plan.

An app writes the same decision as a row of ``ops.plan_decisions``, which the sensor ``plan_decisions`` reads within a
minute. Here it is settled at once, and one that does not hold is refused in a line and not recorded.
"""

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bakery_assets.commands.record import AT, TENANT, refused, reporter_at, say

if TYPE_CHECKING:
    from bakery_assets.decisions.settling import Settlement
    from resources.warehouse import Warehouse

Plan = Literal["orders", "production"]
TABLES: dict[Plan, str] = {"orders": "procurement_plans", "production": "production_schedules"}

DAY = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Date of the plan. Today there by default.")
]
VERSION = Annotated[int | None, typer.Option("--version", help="Version of the plan. The one that is out by default.")]
PROPOSAL = Annotated[
    str | None, typer.Option("--proposal", help="One purchase proposal, such as P01. The whole plan by default.")
]
LINE = Annotated[str | None, typer.Option("--line", help="One line of a proposal, such as R001.")]
BATCH = Annotated[str | None, typer.Option("--batch", help="One batch of the day.")]
PLAN = Annotated[Plan, typer.Option("--plan", help="Which plan, where it is about the whole of it.")]
REASON = Annotated[str | None, typer.Option("--reason", help="Why.")]
WHO = Annotated[str | None, typer.Option("--who", help="Who decides. Whoever is logged in by default.")]


def approve(
    tenant: TENANT,
    day: DAY = None,
    version: VERSION = None,
    proposal: PROPOSAL = None,
    batch: BATCH = None,
    plan: PLAN = "orders",
    reason: REASON = None,
    who: WHO = None,
    at: AT = None,
) -> None:
    """Approve a day's orders, one supplier's proposal, or a batch; approved proposals become purchase orders."""
    _decide(tenant, day, who, at, plan, decision="approve", version=version, proposal_number=proposal,
            batch_number=batch, reason=reason)  # fmt: skip


def reject(
    tenant: TENANT,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; where data was stale, the plan is made again by itself.")
    ],
    day: DAY = None,
    version: VERSION = None,
    proposal: PROPOSAL = None,
    line: LINE = None,
    batch: BATCH = None,
    plan: PLAN = "orders",
    who: WHO = None,
    at: AT = None,
) -> None:
    """Reject a plan, a proposal, a line or a batch, or take back what was approved and is not sent yet."""
    _decide(tenant, day, who, at, plan, decision="reject", version=version, proposal_number=proposal,
            requirement_number=line, batch_number=batch, reason=reason)  # fmt: skip


def change(
    tenant: TENANT,
    day: DAY = None,
    version: VERSION = None,
    proposal: PROPOSAL = None,
    line: LINE = None,
    batch: BATCH = None,
    quantity: Annotated[
        float | None, typer.Option("--quantity", min=0, help="New quantity of the line or batch, in its item's unit.")
    ] = None,
    supplier: Annotated[str | None, typer.Option("--supplier", help="Other supplier, by id.")] = None,
    deliver_on: Annotated[
        datetime | None, typer.Option("--deliver-on", formats=["%Y-%m-%d"], help="Other day of delivery.")
    ] = None,
    reason: REASON = None,
    who: WHO = None,
    at: AT = None,
) -> None:
    """Change quantity, supplier or day of a line, or supplier or day of a proposal, until its order is sent; or the
    quantity of a batch, until it begins."""
    _decide(tenant, day, who, at, "orders", decision="change", version=version, proposal_number=proposal,
            requirement_number=line, batch_number=batch, quantity=quantity, supplier_id=supplier,
            deliver_on=deliver_on.date() if deliver_on else None, reason=reason)  # fmt: skip


def regenerate(
    tenant: TENANT,
    day: DAY = None,
    plan: PLAN = "orders",
    reason: REASON = None,
    who: WHO = None,
    at: AT = None,
) -> None:
    """Ask for a new version of a day's plan, on what is known now; a server that runs makes it within a minute."""
    _decide(tenant, day, who, at, plan, decision="regenerate", reason=reason)


def _decide(
    tenant: str, day: datetime | None, who: str | None, at: datetime | None, plan: Plan, **values: object
) -> None:
    """Record a decision and print what came of it.

    Raises:
        typer.Exit: it was refused; why is printed, and nothing is recorded.
    """
    import polars as pl

    from bakery_assets.local_time import local_date
    from bakery_assets.schemas import conform, ops
    from resources.warehouse.decisions import DecisionRefused, decide

    reporter = reporter_at(tenant, at)
    row = {
        **dict.fromkeys(ops.PlanDecisions.column_names()),
        "tenant_id": tenant,
        "decision_id": f"{reporter.now:%Y%m%dT%H%M%S%f}",
        "plan_date": day.date() if day else local_date(reporter.happened_at, reporter.timezone),
        "plan": TABLES["production" if values.get("batch_number") else plan],
        "who": who or getpass.getuser(),
        "recorded_at": reporter.happened_at,
        **values,
    }
    frame = pl.DataFrame([row], schema=pl.Schema(ops.PlanDecisions), orient="row")
    try:
        settled = decide(reporter.warehouse, conform(ops.PlanDecisions, frame), reporter.now)
    except DecisionRefused as error:
        raise refused(str(error)) from error
    for line in _outcome(reporter.warehouse, settled, tenant, str(values["decision"])):
        say(line)


def _outcome(warehouse: "Warehouse", settled: "Settlement", tenant: str, decision: str) -> list[str]:
    """What came of a decision: its orders as they stand, and whether a new plan was asked for."""
    from bakery_assets.briefing.terminal.figures import quantity
    from resources.warehouse.orders import read_order

    lines = []
    for order in settled.purchase_orders["order_id"].unique().sort():
        found = read_order(warehouse, tenant, order)
        if found is None:
            lines.append(f"Order {order} is taken back.")
            continue
        items = ", ".join(f"{line.item} {quantity(line.quantity, line.unit)}" for line in found.lines)
        lines.append(f"Order {order}, {found.supplier}, to come on {found.expected_to:%a %-d %b %Y}: {items}.")
        lines.append(f"Print or mail it: bakery order --tenant {tenant} --order {order}")
    if settled.new_events["type"].str.ends_with(".regeneration_requested").any():
        lines.append("A new version of the plan is asked for; it is made while `bakery up` runs, within a minute.")
    for row in settled.batch_events.to_dicts():
        units = f" with {row['quantity']:g}" if row["quantity"] else ""
        lines.append(f"Batch {row['batch_number']} is {row['event']}{units}.")
    return lines or [f"Recorded: {decision}. No order follows from it."]
