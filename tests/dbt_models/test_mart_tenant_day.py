"""The marts in a warehouse whose figures are entered by hand; their arithmetic has unit tests in dbt."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from sqlalchemy import Connection, Table, text

from bakery_assets.assets.dbt_project import PROJECT_DIR, dbt_environment, run_dbt
from bakery_assets.assets.marts import dbt_marts, dbt_resource
from resources.schema import metadata, ops, plans
from resources.warehouse import Warehouse
from tests.publishing import put_packed

TUESDAY, WEDNESDAY, THURSDAY = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
DAWN = datetime(2026, 3, 10, 4, 30, tzinfo=UTC)
NIGHT = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
QUANTILES = dict.fromkeys(("q10", "q50", "q80", "q90", "q95"), 0.0)
MADE = {"model": "untrained_smoothing", "model_version": "1", "reasoning": {}}


def test_a_day_is_one_row_whose_figures_a_person_can_recompute(warehouse: Warehouse) -> None:
    with warehouse.engine.begin() as connection:
        enter_a_week_in_march(connection)
        # Views of an older release, with other columns and one on top of the other.
        connection.execute(text("CREATE VIEW marts.stg_findings AS SELECT 1 AS how_many, 'x' AS cause"))
        connection.execute(text("CREATE VIEW marts.mart_tenant_day AS SELECT how_many FROM marts.stg_findings"))

    dbt(warehouse, "build")

    days = mart(warehouse)
    assert list(days) == [("lima", TUESDAY), ("paris", TUESDAY), ("paris", WEDNESDAY), ("paris", THURSDAY)]
    assert days["paris", TUESDAY] == {
        "tenant_id": "paris",
        "plan_date": TUESDAY,
        "tenant_name": "Le Fournil",
        "timezone": "Europe/Paris",
        "currency": "EUR",
        "status": "planned",
        "failed_stage": None,
        "reason": None,
        "planned_as_of": DAWN,
        "is_closed": False,
        # Croissants 100.1 in the shop and 20.2 at the kiosk, baguettes 60.3; Wednesday's 500 are not Tuesday's.
        "forecast_quantity": 180.6,
        "forecast_revenue": 271.25,
        "production_status": "planned",
        # 100 and 30 croissants, 60 baguettes; what is baked on Tuesday for Wednesday has Wednesday's date.
        "planned_quantity": 190.0,
        "planned_batches": 3,
        # The second version of the plan, not the first one of 2 orders for 50.
        "procurement_status": "draft",
        "orders_14d": 3,
        "order_cost_14d": 72.4,
        # 95 croissants, not the 90 recorded first, 50 baguettes, and 25 croissants at the kiosk.
        "sold_quantity": 170.0,
        # Thursday's validation, with the 95: errors of 5.1, 10.3 and 4.8 are 20.2 of 170.
        "validation_status": "validated",
        "accuracy": pytest.approx(1 - 20.2 / 170, abs=1e-6),
        "wape": pytest.approx(20.2 / 170, abs=1e-6),
        "bias": pytest.approx((180.6 - 170) / 170, abs=1e-6),
        "alerts": 3,
        "critical_alerts": 1,
    }

    failed = days["lima", TUESDAY]
    assert (failed["status"], failed["failed_stage"]) == ("failed", "procurement_plans")
    assert failed["reason"] == "recipe dough contains itself"
    assert (failed["alerts"], failed["critical_alerts"]) == (1, 1)
    assert (failed["timezone"], failed["currency"]) == ("America/Lima", "PEN")
    assert days["paris", WEDNESDAY]["status"] == "claimed"
    assert days["paris", THURSDAY]["production_status"] == "closed"

    with warehouse.engine.connect() as connection:
        # Each lead of the later validation; the headline is the forecast of the day itself.
        leads = connection.execute(
            text(
                "SELECT validation_date, lead_days, is_headline, validated_by_plan_date, wape, forecasts_evaluated, trend"
                " FROM marts.mart_forecast_accuracy ORDER BY lead_days"
            )
        ).all()
        assert [tuple(row) for row in leads] == [
            (TUESDAY, 0, True, THURSDAY, pytest.approx(20.2 / 170, abs=1e-6), 3, "unknown"),
            (TUESDAY, 6, False, THURSDAY, pytest.approx(2 * 20.2 / 170, abs=1e-5), 3, "unknown"),
        ]
        views = dict(
            connection.execute(
                text(
                    "SELECT relname, obj_description(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                    " WHERE nspname = 'marts' AND relkind = 'v' AND 'security_invoker=true' = ANY (reloptions)"
                )
            ).all()
        )
        columns = connection.execute(
            text(
                "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod),"
                " col_description(attrelid, attnum) FROM pg_attribute WHERE attnum > 0"
                " AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'marts'::regnamespace)"
            )
        ).all()
    described = list(models_of_the_project())
    assert views == {model["name"]: model["description"] for model in described}
    assert len(views) == len(list(PROJECT_DIR.glob("models/*/*.sql"))) == 26
    assert sorted(tuple(column) for column in columns) == sorted(
        (f"marts.{model['name']}", column["name"], column["data_type"], column["description"])
        for model in described
        for column in model["columns"]
    )


def test_impossible_figures_fail_their_checks_and_the_marts_stay(warehouse: Warehouse) -> None:
    with warehouse.engine.begin() as connection:
        enter_a_week_in_march(connection)
    dbt(warehouse, "run")
    with warehouse.engine.begin() as connection:
        connection.execute(text("CREATE VIEW ops.late_days AS SELECT * FROM marts.mart_tenant_day"))
        # Ten rolls in the schedule, nine in its batch.
        a_cell(connection, "lima", WEDNESDAY)
        put(connection, plans.production_schedules, schedule("lima", WEDNESDAY, WEDNESDAY, 10.0, 1))
        put_packed(connection, plans.production_batches, [batch("lima", WEDNESDAY, WEDNESDAY, "B001", "roll", 9.0)])
        connection.execute(text("UPDATE plans.validation_runs SET accuracy = 1.3, wape = NULL"))
        connection.execute(text("UPDATE plans.planning_runs SET reason = NULL"))
        connection.execute(text("UPDATE plans.daily_summaries SET planned_batches = 4 WHERE NOT is_closed"))

    result = build_in_dagster(warehouse)

    assert not result.success
    checks = {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}
    assert len(checks) == len(list(dbt_marts.check_specs)) > 20
    failed = {
        name: (check.asset_key.to_user_string(), check.severity) for name, check in checks.items() if not check.passed
    }
    assert failed == {
        "assert_batches_add_up": ("mart_tenant_day", dg.AssetCheckSeverity.ERROR),
        "assert_every_validated_day_has_one_headline": ("mart_forecast_accuracy", dg.AssetCheckSeverity.ERROR),
        "assert_wape_is_missing_only_without_sales": ("mart_tenant_day", dg.AssetCheckSeverity.ERROR),
        "between_mart_tenant_day_accuracy__1__0": ("mart_tenant_day", dg.AssetCheckSeverity.ERROR),
        "not_null_mart_tenant_day_reason": ("mart_tenant_day", dg.AssetCheckSeverity.ERROR),
        "assert_summaries_agree_with_plans": ("mart_tenant_day", dg.AssetCheckSeverity.WARN),
    }
    assert all(checks[name].metadata["dagster_dbt/failed_row_count"].value == 1 for name in failed)
    assert {event.asset_key for event in result.asset_materializations_for_node("dbt_marts")} == dbt_marts.keys
    with warehouse.engine.connect() as connection:
        # An analyst's view on the mart is still there.
        late = connection.execute(text("SELECT planned_quantity FROM ops.late_days WHERE tenant_id = 'lima'"))
        assert set(late.scalars()) == {10.0, None}
    assert not [name for name in os.environ if name.startswith(("DBT_BAKERY", "DBT_ENV_SECRET"))]


def dbt(warehouse: Warehouse, command: str) -> None:
    """Run dbt as a person would, in a process of its own."""
    with tempfile.TemporaryDirectory() as target:
        run_dbt(command, target=Path(target), environment=dbt_environment(warehouse.url))


def models_of_the_project() -> Iterator[dict[str, Any]]:
    """The models as the yml files describe them."""
    for path in PROJECT_DIR.glob("models/**/*.yml"):
        yield from yaml.safe_load(path.read_text()).get("models", ())


def build_in_dagster(warehouse: Warehouse) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [dbt_marts],
        resources={"warehouse": dg.ResourceDefinition.hardcoded_resource(warehouse), "dbt": dbt_resource()},
        raise_on_error=False,
    )


def mart(warehouse: Warehouse) -> dict[tuple[str, date], dict[str, Any]]:
    with warehouse.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM marts.mart_tenant_day ORDER BY tenant_id, plan_date"))
        return {(row["tenant_id"], row["plan_date"]): dict(row) for row in rows.mappings()}


def enter_a_week_in_march(connection: Connection) -> None:
    """Paris is planned on Tuesday, under way on Wednesday, closed on Thursday; Lima fails on Tuesday."""
    put(
        connection,
        ops.tenants,
        {"tenant_id": "paris", "name": "Le Fournil", "timezone": "Europe/Paris", "country": "FR"},
    )
    lima = {"tenant_id": "lima", "name": "Pan", "timezone": "America/Lima", "country": "PE", "currency": "PEN"}
    put(connection, ops.tenants, lima)
    for tenant, location in (("paris", "main"), ("paris", "kiosk"), ("lima", "main")):
        put(connection, ops.locations, {"tenant_id": tenant, "location_id": location})
    for tenant, product in (("paris", "croissant"), ("paris", "baguette"), ("lima", "roll")):
        put(connection, ops.products, {"tenant_id": tenant, "product_id": product, "name": product})
    a_cell(connection, "paris", TUESDAY)
    a_cell(connection, "paris", WEDNESDAY, status="claimed", finished_at=None)
    a_cell(connection, "paris", THURSDAY)
    reason = {"failed_stage": "procurement_plans", "reason": "recipe dough contains itself"}
    a_cell(connection, "lima", TUESDAY, status="failed", **reason)
    enter_the_plan_of_paris(connection)
    enter_the_sales_of_paris(connection)
    put(connection, plans.production_schedules, schedule("paris", THURSDAY, THURSDAY, 0.0, 0, "closed"))
    put(connection, plans.daily_summaries, summary("paris", THURSDAY, is_closed=True))
    put(connection, plans.findings, finding("lima", "planning_failed:2026-03-10", "critical"))


def enter_the_plan_of_paris(connection: Connection) -> None:
    expected = [
        ("main", "croissant", TUESDAY, 100.1),
        ("kiosk", "croissant", TUESDAY, 20.2),
        ("main", "baguette", TUESDAY, 60.3),
        ("main", "croissant", WEDNESDAY, 500.0),
    ]
    key = {"tenant_id": "paris", "plan_date": TUESDAY, **QUANTILES, **MADE}
    forecasts = [
        {
            **key,
            "location_id": location,
            "product_id": product,
            "target_date": target,
            "yhat": yhat,
            "system_yhat": yhat,
        }
        for location, product, target, yhat in expected
    ]
    put_packed(connection, plans.demand_forecasts, forecasts)
    put(connection, plans.production_schedules, schedule("paris", TUESDAY, TUESDAY, 190.0, 3))
    put(connection, plans.production_schedules, schedule("paris", TUESDAY, WEDNESDAY, 480.0, 1))
    planned = [("croissant", TUESDAY, 100.0), ("baguette", TUESDAY, 60.0), ("croissant", TUESDAY, 30.0),
               ("croissant", WEDNESDAY, 480.0)]  # fmt: skip
    batches = [batch("paris", TUESDAY, day, f"B{number}", product, quantity) for number, (product, day, quantity) in enumerate(planned)]  # fmt: skip
    put_packed(connection, plans.production_batches, batches)
    for version, status, orders, cost in ((1, "superseded", 2, 50.0), (2, "draft", 3, 72.4)):
        plan = {"version": version, "status": status, "orders_14d": orders, "total_cost": cost, "reasoning": {}}
        put(connection, plans.procurement_plans, {"tenant_id": "paris", "plan_date": TUESDAY, **plan})
    figures = {"forecast_quantity": 180.6, "forecast_revenue": 271.25, "planned_quantity": 190.0, "planned_batches": 3}
    put(connection, plans.daily_summaries, summary("paris", TUESDAY, **figures))
    for cause, severity in (("over_capacity", "critical"), ("expiring_product:roll", "medium"), ("no_forecast", "low")):
        put(connection, plans.findings, finding("paris", cause, severity))


def enter_the_sales_of_paris(connection: Connection) -> None:
    """90 croissants are recorded at night and corrected to 95 a day later; both later plans validate the day."""
    recorded = [
        ("main", "croissant", 90.0, NIGHT),
        ("main", "croissant", 95.0, NIGHT.replace(day=11)),
        ("main", "baguette", 50.0, NIGHT),
        ("kiosk", "croissant", 25.0, NIGHT),
    ]
    for location, product, quantity, recorded_at in recorded:
        key = {"tenant_id": "paris", "product_id": product, "sales_date": TUESDAY, "location_id": location}
        put(connection, ops.sales, {**key, "quantity": quantity, "recorded_at": recorded_at})
    # Wednesday's validation: errors of 10.1, 10.3 and 4.8 are 25.2 of 165; Thursday's: 5.1, 10.3 and 4.8 of 170.
    for plan_date, croissants, wrong in ((WEDNESDAY, 90.0, 25.2), (THURSDAY, 95.0, 20.2)):
        sold = croissants + 50.0 + 25.0
        key = {"tenant_id": "paris", "plan_date": plan_date, "validation_date": TUESDAY}
        measures = {
            "wape": round(wrong / sold, 6),
            "bias": round((180.6 - sold) / sold, 6),
            "accuracy": round(1 - wrong / sold, 6),
        }
        rows = {"forecasts_evaluated": 3, "forecasts_with_actuals": 3, "sold_out_series": 0}
        recent = {"lead_days": 0, "trend": "unknown"}
        put(connection, plans.validation_runs, {**key, "status": "validated", **measures, **rows, **recent})
        put(connection, metadata.tables["plans.validation_leads"], {**key, "lead_days": 0, **measures, **rows})
        # The forecast of six days before had twice the error.
        worse = {"wape": 2 * measures["wape"], "bias": 0.0, "accuracy": 0.5}
        put(connection, metadata.tables["plans.validation_leads"], {**key, "lead_days": 6, **worse, **rows})
        for location, product, yhat, actual in (
            ("main", "croissant", 100.1, croissants), ("main", "baguette", 60.3, 50.0), ("kiosk", "croissant", 20.2, 25.0)
        ):  # fmt: skip
            result = {"location_id": location, "product_id": product, "yhat": yhat, "actual": actual}
            error = {"error": yhat - actual, "is_covered": False, "is_sold_out": False}
            put(connection, plans.validation_results, {**key, **result, **error})


def a_cell(connection: Connection, tenant: str, plan_date: date, **state: Any) -> None:
    cell = {"tenant_id": tenant, "plan_date": plan_date, "status": "planned", "planned_as_of": DAWN, "attempts": 1}
    put(
        connection,
        plans.planning_runs,
        {**cell, "claimed_at": DAWN, "claimed_by": "wave", "finished_at": DAWN, **state},
    )


def schedule(
    tenant: str, plan_date: date, day: date, quantity: float, batches: int, status: str = "planned"
) -> dict[str, Any]:
    cell = {"tenant_id": tenant, "plan_date": plan_date, "schedule_date": day, "reasoning": {}}
    return {**cell, "status": status, "total_quantity": quantity, "total_batches": batches}


def batch(tenant: str, plan_date: date, day: date, number: str, product: str, quantity: float) -> dict[str, Any]:
    cell = {"tenant_id": tenant, "plan_date": plan_date, "schedule_date": day, "reasoning": {}}
    flags = {"state": "planned", "is_carried_over": False, "is_preview": day > plan_date, "begins_on": day}
    return {**cell, **flags, "batch_number": number, "product_id": product, "quantity_planned": quantity, "priority": 1}


def summary(tenant: str, plan_date: date, **figures: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("products", "planned_batches", "orders_14d", "items_at_risk_14d", "alerts"), 0)
    none = dict.fromkeys(("forecast_quantity", "planned_quantity", "order_cost_14d"), 0.0)
    cell = {"tenant_id": tenant, "plan_date": plan_date, "is_closed": False, "headline": "Bonjour."}
    return {**cell, **nothing, **none, **figures}


def finding(tenant: str, cause: str, severity: str) -> dict[str, Any]:
    words = {"kind": "planning_failed", "message": "Look.", "reasoning": {}, "suggested_action": "Look there."}
    urgency = {"alert_class": "planning", "severity": severity, "priority": 0}
    return {"tenant_id": tenant, "plan_date": TUESDAY, "cause": cause, **urgency, **words}


def put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    connection.execute(table.insert(), row)
