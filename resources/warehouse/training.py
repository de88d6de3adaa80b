"""What boosted trees are fitted on: a sample of all bakeries' series, bounded whatever their number."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

import polars as pl
from sqlalchemy import text

from bakery_assets.cells import CELLS, local_cells
from bakery_assets.local_time import in_known_zones
from resources.warehouse.connection import Warehouse
from resources.warehouse.facts import read_known

# A chain with many thousand series must not be all that the trees learn from.
FEWEST_BAKERIES = 10


def read_sample(
    warehouse: Warehouse, as_of: datetime, most_series: int, reads: Collection[str], history_days: int
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Cells and facts of at most ``most_series`` series that have sold something, as known at ``as_of``.

    Bakeries, and series within them, are taken in the order of a hash of their names: the same ones every week, and
    none for its size. One bakery gives at most a ``FEWEST_BAKERIES``-th of the series.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("moment", pl.DataFrame({"as_of": [as_of]}, schema={"as_of": CELLS["planned_as_of"]}))
        series = bulk.read(
            "SELECT tenant_id, location_id, product_id, timezone FROM ("  # noqa: S608
            " SELECT t.tenant_id, l.location_id, p.product_id, t.timezone, row_number() OVER (PARTITION BY t.tenant_id"
            " ORDER BY md5(concat_ws('/', t.tenant_id, l.location_id, p.product_id))) AS place"
            " FROM ops.tenants t JOIN ops.locations l USING (tenant_id) JOIN ops.products p USING (tenant_id), moment n"
            " WHERE t.status IN ('active', 'demo') AND EXISTS (SELECT FROM ops.sales s WHERE s.tenant_id = t.tenant_id"
            " AND s.product_id = p.product_id AND s.location_id = l.location_id AND s.recorded_at <= n.as_of"
            f" AND s.sales_date >= n.as_of::date - {history_days})) ranked"
            f" WHERE place <= {max(most_series // FEWEST_BAKERIES, 1)}"
            f" ORDER BY md5(tenant_id), tenant_id, place LIMIT {most_series}"
        )
    series = in_known_zones(series)
    cells = local_cells(series.select("tenant_id", "timezone").unique().with_columns(planned_as_of=pl.lit(as_of)))
    chosen = series.select("tenant_id", "location_id", "product_id")
    return cells, read_known(warehouse, cells, reads, history_days, series=chosen)


@contextmanager
def one_at_a_time(warehouse: Warehouse, what: str) -> Iterator[None]:
    """Let nobody else do ``what`` meanwhile; others wait."""
    with warehouse.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": what})
        yield
