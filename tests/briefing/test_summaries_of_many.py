"""A bakery's summary does not depend on who else is summarised, nor on the order of rows."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_assets.briefing import summarize_day

TODAY = date(2026, 11, 24)
BASE = {
    "tenants": [{"name": "A bakery"}],
    "products": [{"product_id": "pain", "name": "Pain", "price": 1.4}, {"product_id": "tarte", "name": "Tarte"}],
    "ingredients": [{"ingredient_id": "choc", "name": "Chocolat", "unit": "kg"}],
    "suppliers": [{"supplier_id": "epi", "name": "Épicerie", "minimum_order_value": 100.0}],
}


def day(offset):
    return TODAY + timedelta(days=offset)


ZONES = ("Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
UNITS = st.floats(0, 500).map(lambda value: round(value, 3))


@st.composite
def bakeries(draw):
    """Rows of seven tenants with anything in them, and their zones."""
    tenants = draw(st.permutations("abcdefg"))
    tables = {name: [] for name in (*BASE, "demand_forecasts", "production_batches", "production_schedules",
              "procurement_plans", "procurement_requirements", "inventory_projections", "validation_runs",
              "calendar")}  # fmt: skip
    zones = {tenant: draw(st.sampled_from(ZONES)) for tenant in tenants}

    def instants():
        return st.integers(0, 5_000).map(
            lambda minutes: datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=minutes)
        )

    for tenant in tenants:
        for name, rows in BASE.items():
            zone = {"timezone": zones[tenant]} if name == "tenants" else {}
            tables[name] += [{**row, "tenant_id": tenant, **zone} for row in rows]
        own = {"tenant_id": tenant, "plan_date": TODAY}
        for product in ("pain", "tarte"):
            tables["demand_forecasts"].append({**own, "product_id": product, "target_date": TODAY, "yhat": draw(UNITS),
                                               "model": draw(st.sampled_from(["trees", "no_history"]))})  # fmt: skip
        for number in range(draw(st.integers(0, 2))):
            start, ready_by = draw(instants()), draw(instants())
            is_late = start > ready_by
            tables["production_batches"].append({**own, "batch_number": f"B{number}", "schedule_date": TODAY,
                "product_id": "pain", "quantity_planned": draw(UNITS), "start_at": start, "end_at": start,
                "ready_by": ready_by, "is_late": is_late, "late_because": "of rain" if is_late else None})  # fmt: skip
        for number in range(draw(st.integers(0, 3))):
            net = draw(UNITS)
            tables["procurement_requirements"].append({**own, "requirement_number": f"R{number}",
                "ingredient_id": "choc", "supplier_id": draw(st.sampled_from(["epi", None])),
                "net_requirement": net, "planned_order_quantity": draw(st.sampled_from([0.0, net, 2 * net])),
                "cost": draw(UNITS), "order_by": draw(instants()), "deliver_on": day(3), "is_late": draw(st.booleans()),
                "needed_on": day(draw(st.integers(0, 9)))})  # fmt: skip
        tables["procurement_plans"].append({**own, "orders_14d": draw(st.integers(0, 5)), "total_cost": draw(UNITS)})
        for kind, item in (("ingredient", "choc"), ("product", "pain")):
            for offset in range(draw(st.integers(0, 4))):
                tables["inventory_projections"].append({**own, "item_kind": kind, "item_id": item,
                    "projection_date": day(offset), "unmet": draw(UNITS), "expired": draw(UNITS),
                    "opening": draw(UNITS),
                    "stockout_risk": draw(st.sampled_from(["none", "low", "high"]))})  # fmt: skip
        status = draw(st.sampled_from(["validated", "closed", "no_forecast", "no_sales"]))
        tables["validation_runs"].append({**own, "validation_date": day(-1), "status": status, "wape": 0.5, "bias": 0.1,
                                          "accuracy": 0.5})  # fmt: skip
        if draw(st.booleans()):
            tables["calendar"].append({"tenant_id": tenant, "date": TODAY, "kind": "closed"})
    return zones, tables, draw(st.randoms(use_true_random=False))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bakeries())
def test_a_bakery_alone_is_reported_the_same_as_among_others_in_any_order(frames_of, cells_of, made):
    zones, tables, random = made
    together = summarize_day(cells_of(*zones.items()), frames_of(**tables))
    for rows in tables.values():
        random.shuffle(rows)
    shuffled = summarize_day(cells_of(*reversed(zones.items())), frames_of(**tables))
    for name, frame in together.items():
        assert frame.equals(shuffled[name]), name
    # One apart from the six others, which differ in each example.
    one = next(iter(zones))
    for tenants in ({one}, zones.keys() - {one}):
        own = {name: [row for row in rows if row["tenant_id"] in tenants] for name, rows in tables.items()}
        apart = summarize_day(cells_of(*((name, zones[name]) for name in sorted(tenants))), frames_of(**own))
        for name, frame in apart.items():
            assert frame.equals(together[name].filter(pl.col("tenant_id").is_in(sorted(tenants)))), name
    findings = together["findings"]
    keys = findings.select("tenant_id", "cause", "message")
    assert keys.select("tenant_id", "cause").is_unique().all(), keys
    assert findings["message"].null_count() == findings["suggested_action"].null_count() == 0
    assert together["daily_summaries"]["headline"].null_count() == 0
    assert all(isinstance(json.loads(text), dict) for text in findings["reasoning"])
