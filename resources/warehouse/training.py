"""The sample that a booster is fitted on, of all tenants' series, bounded whatever their number.

The facts of a retraining batch are read in ``facts``, models in ``models``.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

import dataframely as dy
import polars as pl
from sqlalchemy import text

from bakery_assets.cells import local_cells
from bakery_assets.keys import SERIES
from bakery_assets.local_time import INSTANT, in_known_zones
from bakery_assets.schemas import Cells, conform
from resources.warehouse.connection import Warehouse
from resources.warehouse.facts import read_known

# A chain with many thousand series must not be all that a booster learns from.
MIN_TENANTS = 10


def read_sample(
    warehouse: Warehouse, as_of: datetime, most_series: int, reads: Collection[str], history_days: int
) -> tuple[dy.DataFrame[Cells], dict[str, pl.DataFrame]]:
    """Cells and facts of at most ``most_series`` series that have sold something, as known at ``as_of``.

    Tenants, and series within them, are taken in the order of a hash of their names: the same ones every week, and
    none because of its size. One tenant has at most a share of 1 / ``MIN_TENANTS`` of the series.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("moment", pl.DataFrame({"as_of": [as_of]}, schema={"as_of": INSTANT}))
        series = bulk.read(
            "SELECT tenant_id, location_id, product_id, timezone FROM ("  # noqa: S608
            " SELECT t.tenant_id, l.location_id, p.product_id, t.timezone, row_number() OVER (PARTITION BY t.tenant_id"
            " ORDER BY md5(concat_ws('/', t.tenant_id, l.location_id, p.product_id))) AS place"
            " FROM ops.tenants t JOIN ops.locations l USING (tenant_id) JOIN ops.products p USING (tenant_id), moment n"
            " WHERE t.status IN ('active', 'demo') AND EXISTS (SELECT FROM ops.sales s WHERE s.tenant_id = t.tenant_id"
            " AND s.product_id = p.product_id AND s.location_id = l.location_id AND s.recorded_at <= n.as_of"
            f" AND s.sales_date >= n.as_of::date - {history_days})) ranked"
            f" WHERE place <= {max(most_series // MIN_TENANTS, 1)}"
            f" ORDER BY md5(tenant_id), tenant_id, place LIMIT {most_series}"
        )
    series = in_known_zones(series)
    cells = local_cells(series.select("tenant_id", "timezone").unique().with_columns(planned_as_of=pl.lit(as_of)))
    facts = read_known(warehouse, cells, reads, history_days, series=series.select(SERIES))
    return conform(Cells, cells), facts


@contextmanager
def exclusive(warehouse: Warehouse, task: str) -> Iterator[None]:
    """Hold the lock of a task, which one process at a time has; others wait."""
    with warehouse.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:task, 0))"), {"task": task})
        yield
