"""The Dagster instance that commands and servers share: its home, its storage, its environment.

What the instance is configured with is in ``deploy/dagster.yaml``, the code location in ``definitions``.
"""

import os
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from bakery_assets.settings import PROJECT, Settings
from resources.clock import utc_now
from resources.postgres import Databases, open_databases
from resources.warehouse import Warehouse, migrate, planning_runs

MOST_CELLS, FEWEST_DAYS, MOST_DAYS = 100_000, 8, 400  # of the partition grid
DAYS_AHEAD = 3  # after today in UTC, on which the grid ends

# Configuration of runs that commands execute in their own process: no log on the terminal.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def prepare(settings: Settings) -> Databases:
    """Open and migrate the databases, write Dagster's home, and put both into this process's environment.

    What is started from here on finds everything through the environment.
    """
    databases = open_databases(settings)
    warehouse = Warehouse(databases.warehouse)
    migrate(warehouse.engine)
    first_day = settings.grid_start or grid_start(len(planning_runs.registered(warehouse)), utc_now().date())
    warehouse.engine.dispose()
    os.environ.update(environment(settings.home, databases, first_day))
    return databases


def grid_start(tenants: int, today: date) -> date:
    """First day of the grid for so many tenants, with no more cells than Dagster's pages bear.

    Args:
        today: in UTC.
    """
    days = min(max(MOST_CELLS // max(tenants, 1), FEWEST_DAYS), MOST_DAYS)
    return today - timedelta(days=days - 1 - DAYS_AHEAD)


def private_folder(path: Path) -> Path:
    """A folder that only its owner reads: logs and what runs print name bakeries and what they sell."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def environment(home: Path, databases: Databases, first_day: date) -> Mapping[str, str]:
    """Variables of Dagster's processes; Dagster's home is created."""
    dagster_home = private_folder(home.resolve() / "dagster")
    shutil.copyfile(PROJECT / "deploy" / "dagster.yaml", dagster_home / "dagster.yaml")
    return {
        "DAGSTER_HOME": str(dagster_home),
        "BAKERY_DATABASE_URL": databases.warehouse,
        "BAKERY_DAGSTER_STORAGE": databases.dagster,
        "BAKERY_GRID_START": first_day.isoformat(),
        # Tries, half a minute apart, of a backfill that fails because the database does not answer: half an hour.
        "DAGSTER_MAX_BACKFILL_RETRIES": "60",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        # Materializations of waves and range runs are stored in batches; one by one each takes 6 to 16 ms.
        "DAGSTER_EVENT_BATCH_SIZE": "500",
    }
