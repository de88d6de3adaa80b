"""Alerts about shops that run short of what the bakery as a whole has."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

Alerts = Callable[..., list[dict[str, Any]]]
DAY = date(2026, 11, 24)
SHOPS = [{"tenant_id": "paris", "location_id": name.lower(), "name": name} for name in ("Gare", "Port")]


def trip(shop: str, product: str, demand: float, stock: float, brought: float, **more: Any) -> dict[str, Any]:
    need, leaves_at = max(demand - stock, 0.0), datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
    return {
        "tenant_id": "paris", "plan_date": DAY, "location_id": shop, "product_id": product, "trip": 1,
        "kitchen_id": "main", "target_quantity": demand, "stock_usable": stock, "need": need, "available": brought,
        "quantity": brought, "leaves_at": leaves_at, "arrives_at": leaves_at, "is_carried_over": False,
        "consequence": "it runs short" if brought < need else None, **more,
    }  # fmt: skip


def of_shops(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["cause"].startswith("shop_shortage:")]


def test_a_shop_that_gets_too_little_is_reported_with_where_the_rest_is(alerts: Alerts) -> None:
    trips = [
        trip("gare", "pain", 40.0, 0.0, 0.0),
        trip("gare", "tarte", 6.0, 0.0, 4.0),
        trip("port", "pain", 10.0, 51.0, 0.0),
        trip("port", "tarte", 6.0, 0.0, 6.0),
    ]
    (alert,) = of_shops(alerts(locations=SHOPS, distribution_plans=trips))
    assert (alert["cause"], alert["kind"], alert["severity"]) == ("shop_shortage:gare", "stockout", "medium")
    assert alert["message"] == (
        "Gare gets less than it needs today: Pain au chocolat (0 of 40 pieces), Tarte (4 of 6 pieces)."
    )
    assert alert["suggested_action"] == "Bring what is not needed where it is: 41 pieces of Pain au chocolat in Port."
    assert [row["missing"] for row in json.loads(alert["reasoning"])["products"]] == [40, 2]


def test_what_the_whole_bakery_runs_short_of_is_not_reported_shop_by_shop(alerts: Alerts) -> None:
    short = {"tenant_id": "paris", "plan_date": DAY, "item_kind": "product", "item_id": "pain", "projection_date": DAY,
             "unmet": 8.0, "stockout_risk": "high"}  # fmt: skip
    rows = alerts(
        locations=SHOPS, distribution_plans=[trip("gare", "pain", 40.0, 0.0, 32.0)], inventory_projections=[short]
    )
    assert of_shops(rows) == []
    assert [row["cause"] for row in rows if row["kind"] == "stockout"] == ["product_shortage:pain"]


def test_what_follows_later_or_has_left_is_not_short(alerts: Alerts) -> None:
    follows = [trip("gare", "pain", 40.0, 0.0, 25.0, consequence=None), trip("gare", "pain", 40.0, 0.0, 15.0, trip=2)]
    follows[1]["consequence"] = None
    kept = [trip("port", "pain", 40.0, 0.0, 25.0, is_carried_over=True)]
    assert of_shops(alerts(locations=SHOPS, distribution_plans=[*follows, *kept])) == []
