"""Reading trained models: the champions of cells, named versions, the newest booster, and the errors of forecasts.

A version is champion of the planning instants from ``champion_from`` until before ``champion_until``, so that a day
that is planned again uses the model of its own morning. Models are written in ``model_registry``.
"""
# ruff: noqa: S608 - names come from the schema, values are dates and numbers

from datetime import date, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.forecasting.registry.shared_effects import SharedEffects
from bakery_assets.retraining.triggers import ForecastErrors
from bakery_assets.schemas import Cells, conform
from resources.schema import plans
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, selected

BOOSTER_DAYS = 6  # a booster serves every bakery of its Sunday, whose nights are a day apart, and not the next Sunday
_IN_FORCE = (
    "m.tenant_id = w.tenant_id AND m.champion_from <= w.planned_as_of"
    " AND (m.champion_until IS NULL OR m.champion_until > w.planned_as_of)"
)


def read_champions(warehouse: Warehouse, cells: dy.DataFrame[Cells]) -> dict[str, pl.DataFrame]:
    """Champions at each cell's planning instant: model_versions, series_models, and the boosters they use.

    Cells without a champion have ``shared_effects``: what the boosters hold that are newest at their instants, without
    the trees.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return champions(bulk, cells)


def champions(bulk: Bulk, cells: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The same within a transaction."""
    bulk.put("champion_cells", cells.select("tenant_id", "planned_as_of"))
    chosen = f"SELECT m.tenant_id, m.model_version FROM plans.model_versions m JOIN champion_cells w ON {_IN_FORCE}"
    newest = (
        "SELECT b.booster_id FROM champion_cells w CROSS JOIN LATERAL (SELECT n.booster_id FROM plans.boosters n"
        " WHERE n.trained_at <= w.planned_as_of ORDER BY n.trained_at DESC, n.booster_id DESC LIMIT 1) b"
        f" WHERE NOT EXISTS (SELECT FROM plans.model_versions m WHERE {_IN_FORCE})"
    )
    return _models(bulk, chosen, newest)


def trained_tenants(bulk: Bulk, cells: pl.DataFrame) -> pl.DataFrame:
    """``tenant_id`` of those with a champion at the planning instants of all of their ``cells``."""
    bulk.put("trained_cells", cells.select("tenant_id", "planned_as_of"))
    return bulk.read(
        "SELECT w.tenant_id::text FROM trained_cells w GROUP BY 1 HAVING"
        f" bool_and(EXISTS (SELECT FROM plans.model_versions m WHERE {_IN_FORCE}))"
    )


def last_retrainings(bulk: Bulk, cells: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Each tenant's last retraining that had ended by its planning instant, within the transaction: retraining_runs."""
    bulk.put("retraining_cells", cells.select("tenant_id", "planned_as_of"))
    table = plans.retraining_runs
    frame = bulk.read(
        f"SELECT DISTINCT ON (t.tenant_id) {selected(table, 't')} FROM retraining_cells w JOIN {table.fullname} t"
        " ON t.tenant_id = w.tenant_id AND t.finished_at <= w.planned_as_of"
        " ORDER BY t.tenant_id, t.finished_at DESC, t.retraining_id"
    )
    return {table.name: frame.cast(frame_schema(table))}


def read_named_versions(warehouse: Warehouse, versions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Models by name, whatever their role.

    Args:
        versions: ``tenant_id, model_version``; a null version has no models, and the shared effects of all boosters.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("named", versions.select("tenant_id", "model_version"))
        is_any_untrained = "EXISTS (SELECT FROM named WHERE model_version IS NULL)"
        return _models(
            bulk,
            "SELECT tenant_id, model_version FROM named",
            f"SELECT booster_id FROM plans.boosters WHERE {is_any_untrained}",
        )


def _models(bulk: Bulk, chosen: str, shared: str) -> dict[str, pl.DataFrame]:
    """Models of the versions ``chosen`` (tenant_id, model_version); of the boosters ``shared`` all but the trees."""
    key = "(t.tenant_id, t.model_version)"
    used = f"SELECT t.booster_id FROM plans.model_versions t WHERE {key} IN ({chosen})"
    conditions = {
        plans.model_versions: f"{key} IN ({chosen})",
        plans.series_models: f"{key} IN ({chosen})",
        plans.boosters: f"t.booster_id IN ({used})",
    }
    frames = {}
    for table, condition in conditions.items():
        order = ", ".join(f"t.{column.name}" for column in table.primary_key)
        frame = bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t WHERE {condition} ORDER BY {order}")
        frames[table.name] = frame.cast(frame_schema(table))
    small = SharedEffects.column_names()
    columns = ", ".join(name if name == "trained_at" else f"{name}::text" for name in small)
    effects = bulk.read(f"SELECT {columns} FROM plans.boosters WHERE booster_id IN ({shared}) ORDER BY booster_id")
    return {**frames, "shared_effects": conform(SharedEffects, effects)}


def newest_booster(warehouse: Warehouse, plan_date: date) -> pl.DataFrame:
    """The booster to use for a training before ``plan_date``: one row of boosters, or none that is recent enough.

    It must not have been trained on the plan date or anything after it.
    """
    table = plans.boosters
    oldest = plan_date - timedelta(days=BOOSTER_DAYS)
    with warehouse.bulk() as bulk:
        frame = bulk.read(
            f"SELECT {selected(table)} FROM {table.fullname} t"
            f" WHERE t.trained_through >= DATE '{oldest}' AND t.trained_through < DATE '{plan_date}'"
            " ORDER BY t.trained_through DESC, t.trained_at DESC, t.booster_id LIMIT 1"
        )
    return frame.cast(frame_schema(table))


def read_forecast_errors(warehouse: Warehouse, cells: dy.DataFrame[Cells], days: int) -> dy.DataFrame[ForecastErrors]:
    """Errors of forecasts made the same morning, as the plans up to each cell's date have validated them.

    Sold-out rows are left out, as their demand is not known, and so are those that a person has overridden: a model is
    not retrained for what it did not forecast.

    Args:
        days: how many days back from each plan date.
    """
    names = ForecastErrors.column_names()
    key = "v.tenant_id, v.location_id, v.product_id, v.validation_date"
    with warehouse.bulk() as bulk:
        bulk.put("wanted", cells.select("tenant_id", "plan_date"))
        frame = bulk.read(
            f"SELECT DISTINCT ON ({key}) {', '.join(f'v.{name}' for name in names)}"
            " FROM wanted w JOIN plans.validation_results v ON v.tenant_id = w.tenant_id"
            f" AND v.plan_date <= w.plan_date AND v.plan_date > w.plan_date - {days}"
            " JOIN plans.validation_runs r ON r.tenant_id = v.tenant_id AND r.plan_date = v.plan_date"
            " AND r.validation_date = v.validation_date"
            # A day that several plans validated counts as the last of them found it.
            " LEFT JOIN plans.override_scores o ON o.tenant_id = v.tenant_id AND o.plan_date = v.plan_date"
            " AND o.validation_date = v.validation_date AND o.product_id = v.product_id"
            " WHERE r.lead_days = 0 AND NOT v.is_sold_out AND o.override_id IS NULL"
            f" ORDER BY {key}, v.plan_date DESC"
        )
    return conform(ForecastErrors, frame)
