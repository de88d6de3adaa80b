"""The warehouse: the only place that speaks SQL to the database (beside migrations and dbt)."""

from resources.warehouse import planning_runs, retrainings
from resources.warehouse.connection import Warehouse
from resources.warehouse.facts import Snapshot, read_plans, read_snapshot
from resources.warehouse.migrate import migrate
from resources.warehouse.plans import replace_plans

__all__ = [
    "Snapshot",
    "Warehouse",
    "migrate",
    "planning_runs",
    "read_plans",
    "read_snapshot",
    "replace_plans",
    "retrainings",
]
