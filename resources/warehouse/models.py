"""Reading trained models: the champions of cells, named versions, and the newest boosted trees.

A version is champion of the planning instants from ``champion_from`` until before ``champion_until``, so that a day
that is planned again uses the model of its own morning.
"""

from datetime import date, timedelta

import polars as pl

from resources.schema import metadata, plans
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, selected

BOOSTER_DAYS = 6  # trees serve every bakery of the same Sunday, whose nights are a day apart, and not the next one
_IN_FORCE = (
    "m.tenant_id = w.tenant_id AND m.champion_from <= w.planned_as_of"
    " AND (m.champion_until IS NULL OR m.champion_until > w.planned_as_of)"
)


def read_models(warehouse: Warehouse, cells: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Champions at each cell's planning instant: model_versions, series_models, and the boosters they use.

    Args:
        cells: the columns of ``cells.CELLS``.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return champions(bulk, cells)


def champions(bulk: Bulk, cells: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The same within a transaction."""
    bulk.put("champion_cells", cells.select("tenant_id", "planned_as_of"))
    chosen = f"SELECT m.tenant_id, m.model_version FROM plans.model_versions m JOIN champion_cells w ON {_IN_FORCE}"  # noqa: S608
    return _models(bulk, chosen)


def read_versions(warehouse: Warehouse, versions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Models by name, whoever is champion.

    Args:
        versions: ``tenant_id, model_version``.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("named", versions.select("tenant_id", "model_version"))
        return _models(bulk, "SELECT tenant_id, model_version FROM named")


def _models(bulk: Bulk, chosen: str) -> dict[str, pl.DataFrame]:
    key = "(t.tenant_id, t.model_version)"
    used = f"SELECT t.booster_id FROM plans.model_versions t WHERE {key} IN ({chosen})"  # noqa: S608
    conditions = {
        plans.model_versions: f"{key} IN ({chosen})",
        plans.series_models: f"{key} IN ({chosen})",
        plans.boosters: f"t.booster_id IN ({used})",
    }
    frames = {}
    for table, condition in conditions.items():
        order = ", ".join(f"t.{column.name}" for column in table.primary_key)
        frame = bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t WHERE {condition} ORDER BY {order}")  # noqa: S608
        frames[table.name] = frame.cast(frame_schema(table))
    return frames


def newest_booster(warehouse: Warehouse, plan_date: date) -> pl.DataFrame:
    """The trees to use for a training before ``plan_date``: one row of boosters, or none that is young enough.

    They must not have seen the plan date or anything after it.
    """
    table = plans.boosters
    oldest = plan_date - timedelta(days=BOOSTER_DAYS)
    with warehouse.bulk() as bulk:
        frame = bulk.read(
            f"SELECT {selected(table)} FROM {table.fullname} t"  # noqa: S608
            f" WHERE t.trained_through >= DATE '{oldest}' AND t.trained_through < DATE '{plan_date}'"
            " ORDER BY t.trained_through DESC, t.trained_at DESC, t.booster_id LIMIT 1"
        )
    return frame.cast(frame_schema(table))


def read_checked(warehouse: Warehouse, cells: pl.DataFrame, days: int) -> pl.DataFrame:
    """Forecasts of the same morning against sales, as the plans up to each cell's date have found them.

    Sold-out rows are left out, as nobody knows what would have sold, and so are those that a person has overridden:
    a model is not retrained for what it did not say.

    Args:
        cells: the columns of ``cells.CELLS``.
        days: how many days back from each plan date.

    Returns:
        ``tenant_id, location_id, product_id, validation_date, error, actual``; one row a series and day.
    """
    names = ("tenant_id", "location_id", "product_id", "validation_date", "error", "actual")
    table = metadata.tables["plans.validation_results"]
    key = "v.tenant_id, v.location_id, v.product_id, v.validation_date"
    with warehouse.bulk() as bulk:
        bulk.put("wanted", cells.select("tenant_id", "plan_date"))
        frame = bulk.read(
            f"SELECT DISTINCT ON ({key}) {', '.join(f'v.{name}' for name in names)}"  # noqa: S608
            " FROM wanted w JOIN plans.validation_results v ON v.tenant_id = w.tenant_id"
            f" AND v.plan_date <= w.plan_date AND v.plan_date > w.plan_date - {days}"
            " JOIN plans.validation_runs r ON r.tenant_id = v.tenant_id AND r.plan_date = v.plan_date"
            " AND r.validation_date = v.validation_date"
            # A day that was checked twice counts as it was found last.
            " LEFT JOIN plans.override_scores o ON o.tenant_id = v.tenant_id AND o.plan_date = v.plan_date"
            " AND o.validation_date = v.validation_date AND o.product_id = v.product_id"
            " WHERE r.lead_days = 0 AND NOT v.is_sold_out AND o.override_id IS NULL"
            f" ORDER BY {key}, v.plan_date DESC"
        )
    return frame.cast({name: frame_schema(table)[name] for name in names})
