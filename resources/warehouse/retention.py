"""Retention: how long rows of plans are kept, what goes when that is over, and how much it frees.

Detail goes: what a plan was made of, and what it meant to do. What stays for good: that it was planned, what was
decided, ordered and paid, losses with their value, closing balances, accuracy, the day in one row, and its forecasts
by lead (``plans.forecast_history``). A plan reads what earlier ones have left behind, so that is kept for as much
longer as plans look back: a day whose detail is there can be planned and validated again.
"""
# ruff: noqa: S608 - names come from the schema, values are dates

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from sqlalchemy import text

from bakery_assets.briefing.difference_alerts import SHRINKAGE_DAYS
from bakery_assets.schemas.plans import VALUED_MOVEMENTS
from bakery_assets.settings import Settings
from bakery_assets.validation.validation_days import PAST_VALIDATION_DAYS
from resources.schema import metadata
from resources.schema.packed import stored
from resources.schema.plans import demand_forecasts
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.planning_runs import registered
from resources.warehouse.prior_plans import FORECAST_DAYS
from resources.warehouse.record import RECORD_DAYS

SAMPLED_PAGES = 4_000  # of 8 kB
TENANTS_AT_ONCE = 500  # in one transaction, so that no bakery's rows are held for long
_VALUED = ", ".join(f"'{kind}'" for kind in VALUED_MOVEMENTS)
_BECAME_AN_ORDER = (
    "EXISTS (SELECT FROM ops.purchase_orders o WHERE o.tenant_id = t.tenant_id AND o.proposed_on = t.plan_date"
    " AND o.plan_version = t.version AND o.ingredient_id = t.ingredient_id)"
)
_EVENTS_TELL_OF_IT = (
    "EXISTS (SELECT FROM ops.batch_events e WHERE e.tenant_id = t.tenant_id AND e.plan_date = t.schedule_date"
    " AND e.batch_number = t.batch_number)"
)


@dataclass(frozen=True)
class Rule:
    """What goes of a table.

    Attributes:
        looked_back: days that plans look back at it.
        kept: condition on rows ``t`` that stay for good.
    """

    looked_back: int = 0
    kept: str = "false"


# Children before parents.
RULES: Mapping[str, Rule] = {
    "stock_movements": Rule(SHRINKAGE_DAYS, kept=f"t.kind IN ({_VALUED})"),
    "stock_balances": Rule(),
    "unexplained_usage": Rule(),
    "target_stock_levels": Rule(),
    "inventory_projections": Rule(),
    "procurement_requirements": Rule(),
    "purchase_proposals": Rule(),
    "distribution_plans": Rule(),
    "master_data_faults": Rule(),
    "plan_changes": Rule(),
    "holiday_openings": Rule(),
    "production_batches": Rule(),
    "demand_forecasts": Rule(FORECAST_DAYS),
    "published_orders": Rule(RECORD_DAYS, kept=_BECAME_AN_ORDER),
    "published_batches": Rule(RECORD_DAYS, kept=_EVENTS_TELL_OF_IT),
    "published_distributions": Rule(RECORD_DAYS),
    "validation_products": Rule(),
    "validation_results": Rule(PAST_VALIDATION_DAYS),
}
_VALIDATION = ("validation_products", "validation_results")
_KEEP_FORECASTS = """
    WITH gone AS (
        DELETE FROM {stored} t USING ageing a WHERE t.tenant_id = a.tenant_id AND t.plan_date < {before}
        RETURNING t.tenant_id, t.plan_date, t.target_date, t.location_id, t.product_id, t.yhat
    ), products AS (
        SELECT g.tenant_id, g.plan_date, r.location_id, r.product_id, jsonb_agg(r.yhat ORDER BY g.target_date) AS days
        FROM gone g CROSS JOIN LATERAL unnest(g.location_id, g.product_id, g.yhat) r (location_id, product_id, yhat)
        GROUP BY 1, 2, 3, 4
    ), shops AS (
        SELECT tenant_id, plan_date, location_id, jsonb_object_agg(product_id, days) AS products
        FROM products GROUP BY 1, 2, 3
    )
    INSERT INTO plans.forecast_history (tenant_id, plan_date, forecasts)
    SELECT tenant_id, plan_date, jsonb_object_agg(location_id, products) FROM shops GROUP BY 1, 2
    ON CONFLICT (tenant_id, plan_date) DO UPDATE SET forecasts = excluded.forecasts
"""


def days_kept(settings: Settings) -> dict[str, int]:
    """Days after its plan date for which a row of each table is kept.

    Raises:
        ValueError: a setting names a table of which all is kept, or that does not exist.
    """
    if unknown := sorted(settings.retention.keys() - RULES.keys()):
        raise ValueError(f"BAKERY_RETENTION names {', '.join(unknown)}; it may name {', '.join(sorted(RULES))}.")
    return {
        name: settings.retention.get(
            name, max(settings.validation_days if name in _VALIDATION else 0, settings.detail_days + rule.looked_back)
        )
        for name, rule in RULES.items()
    }


def validated_since(today: date, settings: Settings) -> date:
    """The first plan date that is validated again when its sales change: of earlier ones the forecasts may be gone."""
    return today - timedelta(days=settings.detail_days)


def delete_expired(warehouse: Warehouse, today: date, days: Mapping[str, int]) -> dict[str, int]:
    """Delete rows of plans that were kept for ``days``; how many of each table."""
    deleted = dict.fromkeys(days, 0)
    tenants = registered(warehouse, cancelled=True)
    for start in range(0, len(tenants), TENANTS_AT_ONCE):
        with warehouse.bulk() as bulk:
            bulk.put("ageing", pl.DataFrame({"tenant_id": tenants[start : start + TENANTS_AT_ONCE]}))
            for name, kept in days.items():
                deleted[name] += _delete(bulk, name, f"DATE '{today - timedelta(days=kept)}'")
    return deleted


def expired_bytes(warehouse: Warehouse, today: date, days: Mapping[str, int]) -> dict[str, int]:
    """About how many bytes of each table ``delete_expired`` would free, its indexes included.

    Of a large table a sample of ``SAMPLED_PAGES`` is read, of a small one all.
    """
    found = {}
    with warehouse.engine.connect() as connection:
        for name, kept in days.items():
            size, pages = connection.execute(
                text(
                    "SELECT pg_total_relation_size(oid), pg_relation_size(oid) / current_setting('block_size')::int"
                    f" FROM pg_class WHERE oid = '{_stored(name)}'::regclass"
                )
            ).one()
            share = connection.execute(
                text(
                    "SELECT (count(*) FILTER (WHERE t.plan_date < :before"
                    f" AND NOT ({RULES[name].kept})))::float8 / greatest(count(*), 1)"
                    f" FROM {_stored(name)} t TABLESAMPLE SYSTEM (:percent) REPEATABLE (1)"
                ),
                {"before": today - timedelta(days=kept), "percent": min(100, 100 * SAMPLED_PAGES / max(pages, 1))},
            ).scalar_one()
            found[name] = int(size * share)
    return found


def _delete(bulk: Bulk, name: str, before: str) -> int:
    if name == demand_forecasts.name:
        return bulk.run(_KEEP_FORECASTS.format(stored=_stored(name), before=before))
    return bulk.run(
        f"DELETE FROM {_stored(name)} t USING ageing a WHERE t.tenant_id = a.tenant_id AND t.plan_date < {before}"
        f" AND NOT ({RULES[name].kept})"
    )


def _stored(name: str) -> str:
    return stored(metadata.tables[f"plans.{name}"]).fullname
