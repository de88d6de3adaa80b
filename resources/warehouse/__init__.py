"""The warehouse: the only code with SQL for the database, apart from the migrations and dbt.

Reading is in ``facts`` and ``prior_plans``, writing in ``plans``; state of cells in ``planning_runs``, requests for
them in ``revalidation``; models in ``models`` and ``model_registry``; loading in ``intake``. The tables are described
in ``resources.schema``.
"""

from resources.warehouse import planning_runs, retrainings
from resources.warehouse.connection import Warehouse
from resources.warehouse.facts import Snapshot, read_snapshot
from resources.warehouse.migrate import migrate
from resources.warehouse.plans import replace_plans
from resources.warehouse.prior_plans import read_plans

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
