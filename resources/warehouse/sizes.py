"""Where the warehouse's bytes are: each table with its indexes, and what a day's plan of a bakery takes."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

from resources.schema import metadata
from resources.schema.packed import PREFIX
from resources.warehouse.connection import Warehouse

OF_PLAN_DATES = {
    table.fullname for table in metadata.tables.values() if table.schema == "plans" and "plan_date" in table.columns
}

_TABLES = text(
    f"SELECT n.nspname || '.' || regexp_replace(c.relname, '^{PREFIX}', ''), coalesce(s.n_live_tup, 0),"  # noqa: S608
    " pg_table_size(c.oid), pg_indexes_size(c.oid)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid"
    " WHERE c.relkind IN ('r', 'm') AND n.nspname IN ('ops', 'plans', 'marts')"
    " ORDER BY pg_total_relation_size(c.oid) DESC, 1"
)
_CELLS = text("SELECT count(DISTINCT (tenant_id, plan_date)) FROM plans.plan_versions WHERE published_at IS NOT NULL")


@dataclass(frozen=True)
class TableSize:
    """A table's size.

    Attributes:
        rows: as PostgreSQL has counted them, about; of a packed table those that are stored.
        data_bytes: of the table, long values included.
        index_bytes: of its indexes.
    """

    table: str
    rows: int
    data_bytes: int
    index_bytes: int

    @property
    def total_bytes(self) -> int:
        """The table with its indexes."""
        return self.data_bytes + self.index_bytes


@dataclass(frozen=True)
class Sizes:
    """The warehouse's size.

    Attributes:
        tables: of the schemas ops, plans and marts, the largest first.
        database_bytes: all of its database, the catalog included.
        cells: days of bakeries that have been planned.
    """

    tables: tuple[TableSize, ...]
    database_bytes: int
    cells: int

    @property
    def bytes_a_cell(self) -> float:
        """What one day's plan of a bakery takes on average, in the tables of plans by date; 0 before the first."""
        plans = sum(each.total_bytes for each in self.tables if each.table in OF_PLAN_DATES)
        return plans / self.cells if self.cells else 0.0


def measure_sizes(warehouse: Warehouse) -> Sizes:
    """The sizes of now."""
    with warehouse.engine.connect() as connection:
        tables = tuple(TableSize(*row) for row in connection.execute(_TABLES))
        cells: int = connection.execute(_CELLS).scalar_one()
        return Sizes(tables, database_size(connection), cells)


def database_size(connection: Connection) -> int:
    """Bytes of the database of a connection."""
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
