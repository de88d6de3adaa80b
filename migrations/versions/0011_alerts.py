"""Alerts get one life across days: what a plan finds is in findings, and alerts have an identity of their own."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

KINDS = (
    "planning_failed", "closed_today", "over_capacity", "not_ready", "planned_late", "baking_note",
    "master_data_fault", "order_today", "late_delivery", "no_supplier", "stockout", "low_stock", "expiring",
    "no_history", "no_forecast", "sales_missing", "forecast_off", "forecast_worsening",
)  # fmt: skip
CLASSES = ("planning", "production", "orders", "stock", "forecast", "data")
SEVERITIES = ("low", "medium", "high", "critical")
STATUSES = ("open", "acknowledged", "resolved", "archived")
RECORDED_AT = "When we learned this; a plan uses what was recorded by its planning instant"
DAY_OF_AN_ID = "@([0-9]{4}-[0-9]{2}-[0-9]{2})(-[0-9]+)?$"


def upgrade() -> None:
    op.execute("CREATE TEMP TABLE alerts_before AS SELECT * FROM plans.alerts")
    op.execute("CREATE TEMP TABLE seen_before AS SELECT * FROM ops.alert_acknowledgements")
    # The marts that read it; they are views, which the next build of the marts makes anew.
    op.execute("DROP VIEW IF EXISTS marts.stg_alerts CASCADE")
    op.drop_table("alerts", schema="plans")
    op.drop_table("alert_acknowledgements", schema="ops")
    _create_findings()
    _create_alerts()
    _create_acknowledgements()
    op.alter_column("daily_summaries", "alerts", comment="Causes found that need a person", schema="plans")
    _copy_findings()
    _copy_alerts()
    _copy_acknowledgements()
    op.execute("DROP TABLE alerts_before, seen_before")


def downgrade() -> None:
    op.execute("CREATE TEMP TABLE findings_before AS SELECT * FROM plans.findings")
    op.execute("CREATE TEMP TABLE seen_before AS SELECT * FROM ops.alert_acknowledgements")
    op.execute("DROP VIEW IF EXISTS marts.stg_findings CASCADE")
    op.drop_table("alerts", schema="plans")
    op.drop_table("findings", schema="plans")
    op.drop_table("alert_acknowledgements", schema="ops")
    _create_numbered_alerts()
    _create_numbered_acknowledgements()
    op.alter_column("daily_summaries", "alerts", comment="Alerts of the day", schema="plans")
    op.execute(
        "INSERT INTO plans.alerts (tenant_id, plan_date, alert_number, severity, kind, subject, message, reasoning, consequence)"  # noqa: S608
        " SELECT tenant_id, plan_date, number, CASE severity WHEN 'critical' THEN 'critical' WHEN 'low' THEN 'info'"
        f" ELSE 'warning' END, kind, subject, message, reasoning, consequence FROM ({_numbered()}) f"
    )
    op.execute(
        "INSERT INTO ops.alert_acknowledgements (tenant_id, plan_date, alert_number, who, note, recorded_at)"  # noqa: S608
        " SELECT s.tenant_id, s.plan_date, coalesce(f.number, s.cause), s.who, s.note, s.recorded_at FROM"
        " (SELECT *, coalesce(substring(alert_id from"
        f" '{DAY_OF_AN_ID}')::date, recorded_at::date) AS plan_date, regexp_replace(alert_id, '{DAY_OF_AN_ID}', '')"
        f" AS cause FROM seen_before) s LEFT JOIN ({_numbered()}) f USING (tenant_id, plan_date, cause)"
        " ON CONFLICT DO NOTHING"
    )
    op.execute("DROP TABLE findings_before, seen_before")


def _numbered() -> str:
    return (
        "SELECT *, CASE kind WHEN 'planning_failed' THEN 'A000' ELSE 'A' || lpad((row_number() OVER"
        " (PARTITION BY tenant_id, plan_date, kind = 'planning_failed' ORDER BY severity <> 'critical', severity = 'low',"
        " kind, subject, cause))::text, 3, '0') END AS number FROM findings_before"
    )


def _copy_findings() -> None:
    """What was found of one cause on one day is one row: the stock-out, before the late delivery that causes it."""
    op.execute(
        "INSERT INTO plans.findings (tenant_id, plan_date, cause, kind, subject, alert_class, severity, priority, deadline,"  # noqa: S608
        " message, reasoning, consequence, suggested_action)"
        " SELECT DISTINCT ON (tenant_id, plan_date, cause) tenant_id, plan_date, cause, kind, subject, alert_class, severity,"
        " CASE severity WHEN 'critical' THEN 60 WHEN 'high' THEN 40 WHEN 'medium' THEN 20 ELSE 0 END, NULL, message,"
        " reasoning, consequence, 'See the message and the consequence.'"
        f" FROM (SELECT *, {_cause('b')} AS cause, {_alert_class()} AS alert_class, {_severity()} AS severity FROM"
        " (SELECT tenant_id, plan_date, alert_number, kind, subject, message, reasoning, consequence, severity AS urgency"
        " FROM alerts_before) b) a"
        " ORDER BY tenant_id, plan_date, cause, kind <> 'stockout', kind <> 'no_supplier', kind <> 'late_delivery',"
        " alert_number"
    )


def _copy_alerts() -> None:
    """Each cause becomes the alert of the last plan that found it: open if that is the tenant's latest, else resolved."""
    op.execute(
        "INSERT INTO plans.alerts (tenant_id, alert_id, cause, kind, subject, alert_class, severity, priority, deadline,"
        " status, opened_on, opened_at, updated_at, last_plan_date, last_planned_as_of, resolved_on, resolved_at, resolution,"
        " message, reasoning, consequence, suggested_action)"
        " SELECT f.tenant_id, f.cause || '@' || f.plan_date, f.cause, f.kind, f.subject, f.alert_class, f.severity,"
        " f.priority, f.deadline, CASE WHEN n.plan_date IS NULL THEN 'open' ELSE 'resolved' END,"
        " f.plan_date, r.planned_as_of, coalesce(n.planned_as_of, r.planned_as_of), f.plan_date, r.planned_as_of,"
        " n.plan_date, n.planned_as_of, 'The plan of ' || n.plan_date || ' no longer finds it.',"
        " f.message, f.reasoning, f.consequence, f.suggested_action"
        " FROM (SELECT DISTINCT ON (tenant_id, cause) * FROM plans.findings ORDER BY tenant_id, cause, plan_date DESC) f"
        " JOIN plans.planning_runs r USING (tenant_id, plan_date)"
        " LEFT JOIN LATERAL (SELECT s.plan_date, n.planned_as_of FROM plans.daily_summaries s"
        " JOIN plans.planning_runs n USING (tenant_id, plan_date) WHERE s.tenant_id = f.tenant_id"
        " AND s.plan_date > f.plan_date AND f.kind <> 'planning_failed' ORDER BY s.plan_date LIMIT 1) n ON true"
    )


def _copy_acknowledgements() -> None:
    """They name the alert of their cause and day; one whose alert is gone keeps its number and day as the name."""
    op.execute(
        "INSERT INTO ops.alert_acknowledgements (tenant_id, alert_id, who, note, recorded_at)"  # noqa: S608
        f" SELECT s.tenant_id, coalesce({_cause('b')}, s.alert_number) || '@' || s.plan_date, s.who, s.note, s.recorded_at"
        " FROM seen_before s LEFT JOIN alerts_before b USING (tenant_id, plan_date, alert_number)"
        " ORDER BY s.tenant_id, s.plan_date, s.alert_number ON CONFLICT DO NOTHING"
    )
    op.execute(
        "UPDATE plans.alerts a SET acknowledged_by = s.who, acknowledged_at = s.recorded_at, acknowledgement_note = s.note,"
        " status = CASE a.status WHEN 'open' THEN 'acknowledged' ELSE a.status END,"
        " updated_at = greatest(a.updated_at, s.recorded_at)"
        " FROM (SELECT DISTINCT ON (tenant_id, alert_id) * FROM ops.alert_acknowledgements"
        " ORDER BY tenant_id, alert_id, recorded_at DESC) s WHERE a.tenant_id = s.tenant_id AND a.alert_id = s.alert_id"
    )


def _cause(row: str) -> str:
    kind, subject = f"{row}.kind", f"coalesce({row}.subject, '')"
    item_kind = f"coalesce({row}.reasoning ->> 'item_kind', 'ingredient')"
    return (
        f"CASE WHEN {kind} = 'planning_failed' THEN 'planning_failed:' || {row}.plan_date"
        f" WHEN {kind} IN ('late_delivery', 'no_supplier') THEN 'ingredient_shortage:' || {subject}"
        f" WHEN {kind} IN ('stockout', 'low_stock') THEN {item_kind} || '_shortage:' || {subject}"
        f" WHEN {kind} = 'expiring' THEN 'expiring_' || {item_kind} || ':' || {subject}"
        f" WHEN {kind} = 'order_today' THEN 'order:' || {subject} || ':' ||"
        f" coalesce(left({row}.reasoning ->> 'order_by_local', 10), {row}.plan_date::text)"
        f" WHEN {kind} = 'no_history' AND {row}.subject IS NOT NULL THEN 'no_history:' || {subject}"
        f" ELSE {kind} END"
    )


def _alert_class() -> str:
    return (
        "CASE WHEN kind IN ('planning_failed', 'closed_today', 'planned_late') THEN 'planning'"
        " WHEN kind IN ('over_capacity', 'not_ready', 'baking_note') THEN 'production' WHEN kind = 'order_today' THEN 'orders'"
        " WHEN kind IN ('late_delivery', 'no_supplier', 'stockout', 'low_stock', 'expiring') THEN 'stock'"
        " WHEN kind IN ('sales_missing', 'master_data_fault') THEN 'data' ELSE 'forecast' END"
    )


def _severity() -> str:
    return (
        "CASE WHEN urgency = 'critical' THEN 'critical' WHEN urgency = 'info' THEN 'low'"
        " WHEN kind IN ('stockout', 'no_supplier', 'order_today', 'over_capacity') THEN 'high' ELSE 'medium' END"
    )


def _create_findings() -> None:
    op.create_table(
        "findings",
        _tenant(),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column(
            "cause",
            sa.TEXT(),
            nullable=False,
            comment="What is wrong with what; the same in the plan of every day that finds it",
        ),
        *_what_is_wrong(),
        *_words(),
        *_checks("findings"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("findings_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "cause", name=op.f("findings_pkey")),
        schema="plans",
        comment="What a day's plan found that needs a person; one row per cause.",
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        _tenant(),
        sa.Column(
            "alert_id", sa.TEXT(), nullable=False, comment="The alert: its cause and the day on which it was opened"
        ),
        sa.Column("cause", sa.TEXT(), nullable=False, comment="What is wrong with what; see findings"),
        *_what_is_wrong(),
        sa.Column("status", sa.TEXT(), nullable=False, comment=f"Where it stands: {', '.join(STATUSES)}"),
        sa.Column("opened_on", sa.Date(), nullable=False, comment="Date of the plan that opened it"),
        _instant("opened_at", "Planning instant of that plan", nullable=False),
        _instant("updated_at", "When it last changed: by a plan, an acknowledgement or its resolution", nullable=False),
        _instant(
            "escalated_at",
            "When its severity last rose; acknowledgements before that do not count; empty: never",
        ),
        sa.Column("last_plan_date", sa.Date(), nullable=False, comment="Date of the last plan that found it"),
        _instant("last_planned_as_of", "Planning instant of that plan", nullable=False),
        sa.Column(
            "recurrence_of",
            sa.TEXT(),
            nullable=True,
            comment="The last alert about the same cause, resolved less than 28 days before; empty: none",
        ),
        sa.Column("acknowledged_by", sa.TEXT(), nullable=True, comment="Who has seen it"),
        _instant("acknowledged_at", "When that was recorded"),
        sa.Column("acknowledgement_note", sa.TEXT(), nullable=True, comment="What was done"),
        sa.Column("resolved_on", sa.Date(), nullable=True, comment="Date of the plan that resolved it"),
        _instant("resolved_at", "Planning instant of that plan"),
        sa.Column("resolution", sa.TEXT(), nullable=True, comment="Why it went"),
        *_words(),
        *_checks("alerts"),
        sa.CheckConstraint("alert_id <> ''", name=op.f("alerts_alert_id_check")),
        sa.CheckConstraint(_in("status", STATUSES), name=op.f("alerts_status_check")),
        sa.ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("alerts_tenant_id_fkey")),
        sa.PrimaryKeyConstraint("tenant_id", "alert_id", name=op.f("alerts_pkey")),
        schema="plans",
        comment="What needs a person's attention, from the day it was first found until it is resolved; across plans.",
    )
    op.create_index(
        "alerts_one_open_per_cause",
        "alerts",
        ["tenant_id", "cause"],
        unique=True,
        schema="plans",
        postgresql_where=sa.text("status IN ('open', 'acknowledged')"),
    )


def _create_acknowledgements() -> None:
    op.create_table(
        "alert_acknowledgements",
        _tenant(),
        sa.Column("alert_id", sa.TEXT(), nullable=False, comment="The alert"),
        *_acknowledged(),
        sa.CheckConstraint("alert_id <> ''", name=op.f("alert_acknowledgements_alert_id_check")),
        sa.PrimaryKeyConstraint("tenant_id", "alert_id", "recorded_at", name=op.f("alert_acknowledgements_pkey")),
        schema="ops",
        comment="Who has seen an alert.",
    )


def _create_numbered_alerts() -> None:
    op.create_table(
        "alerts",
        _tenant(),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Local date that is planned"),
        sa.Column("alert_number", sa.TEXT(), nullable=False, comment="The alert"),
        sa.Column("severity", sa.TEXT(), nullable=False, comment="How urgent: info, warning, critical"),
        sa.Column("kind", sa.TEXT(), nullable=False, comment=f"What it is about: {', '.join(KINDS)}"),
        sa.Column("subject", sa.TEXT(), nullable=True, comment="Product, ingredient or machine concerned"),
        *_words()[:3],
        sa.CheckConstraint("alert_number <> ''", name=op.f("alerts_alert_number_check")),
        sa.CheckConstraint(_in("kind", KINDS), name=op.f("alerts_kind_check")),
        sa.CheckConstraint(_in("severity", ("info", "warning", "critical")), name=op.f("alerts_severity_check")),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("alerts_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_date"],
            ["plans.planning_runs.tenant_id", "plans.planning_runs.plan_date"],
            name=op.f("alerts_tenant_id_plan_date_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_date", "alert_number", name=op.f("alerts_pkey")),
        schema="plans",
        comment="What needs a person's attention, and why.",
    )


def _create_numbered_acknowledgements() -> None:
    op.create_table(
        "alert_acknowledgements",
        _tenant(),
        sa.Column("plan_date", sa.Date(), nullable=False, comment="Day of the plan"),
        sa.Column("alert_number", sa.TEXT(), nullable=False, comment="The alert"),
        *_acknowledged(),
        sa.CheckConstraint("alert_number <> ''", name=op.f("alert_acknowledgements_alert_number_check")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "plan_date", "alert_number", "recorded_at", name=op.f("alert_acknowledgements_pkey")
        ),
        schema="ops",
        comment="Who has seen an alert.",
    )


def _tenant() -> "sa.Column[str]":
    return sa.Column("tenant_id", sa.TEXT(), nullable=False, comment="The bakery")


def _instant(name: str, comment: str, *, nullable: bool = True) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def _what_is_wrong() -> "list[sa.Column[object]]":
    return [
        sa.Column("kind", sa.TEXT(), nullable=False, comment=f"What it is about: {', '.join(KINDS)}"),
        sa.Column("subject", sa.TEXT(), nullable=True, comment="Product, ingredient, supplier or stage concerned"),
        sa.Column("alert_class", sa.TEXT(), nullable=False, comment=f"Group of kinds: {', '.join(CLASSES)}"),
        sa.Column("severity", sa.TEXT(), nullable=False, comment=f"How bad it is: {', '.join(SEVERITIES)}"),
        sa.Column(
            "priority",
            sa.Integer(),
            nullable=False,
            comment="How urgent it is: severity up to 60, hours to the deadline up to 25, what is at stake up to 15",
        ),
        _instant("deadline", "Until when something can be done about it; empty: none"),
    ]


def _words() -> "list[sa.Column[object]]":
    return [
        sa.Column("message", sa.TEXT(), nullable=False, comment="What a person should know"),
        sa.Column("reasoning", postgresql.JSONB(), nullable=False, comment="Every term of the calculation"),
        sa.Column("consequence", sa.TEXT(), nullable=True, comment="What happens if no one acts"),
        sa.Column("suggested_action", sa.TEXT(), nullable=False, comment="What a person can do about it"),
    ]


def _checks(table: str) -> list[sa.CheckConstraint]:
    rules = {
        "tenant_id": "tenant_id <> ''",
        "cause": "cause <> ''",
        "kind": _in("kind", KINDS),
        "alert_class": _in("alert_class", CLASSES),
        "severity": _in("severity", SEVERITIES),
        "priority": "priority BETWEEN 0 AND 100",
    }
    return [sa.CheckConstraint(rule, name=op.f(f"{table}_{column}_check")) for column, rule in rules.items()]


def _acknowledged() -> "list[sa.schema.SchemaItem]":
    return [
        sa.Column("who", sa.TEXT(), nullable=False, comment="Who has seen it"),
        sa.Column("note", sa.TEXT(), nullable=True, comment="What was done"),
        _instant("recorded_at", RECORDED_AT, nullable=False),
        sa.CheckConstraint("tenant_id <> ''", name=op.f("alert_acknowledgements_tenant_id_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["ops.tenants.tenant_id"], name=op.f("alert_acknowledgements_tenant_id_fkey")
        ),
    ]


def _in(column: str, values: Sequence[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
