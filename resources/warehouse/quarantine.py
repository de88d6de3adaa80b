"""The rows in quarantine: grouped, one by one, and deleted; which of them is a filter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from resources.schema import ops
from resources.warehouse import Warehouse

_Q = ops.quarantine.c


@dataclass(frozen=True)
class QuarantineFilter:
    """Which rows: those of a tenant, a file (by its name), a kind of fault, or with a number; None: any."""

    tenant: str | None = None
    file: str | None = None
    code: str | None = None
    row: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions of a query."""
        given = ((_Q.tenant_id, self.tenant), (_Q.file, self.file), (_Q.code, self.code), (_Q.quarantine_id, self.row))
        return [column == value for column, value in given if value is not None]


@dataclass(frozen=True)
class QuarantineGroup:
    """Rows with the same kind of fault in one column of a file, with the first of them."""

    tenant: str | None
    folder: str
    file: str
    code: str
    column: str | None
    rows: int
    first_id: int
    reason: str
    last_at: datetime


@dataclass(frozen=True)
class QuarantinedRow:
    """One row as it was read, and why it could not be used."""

    quarantine_id: int
    tenant: str | None
    folder: str
    file: str
    row_number: int
    code: str
    column: str | None
    reason: str
    content: dict[str, Any]
    quarantined_at: datetime


def quarantine_groups(warehouse: Warehouse, wanted: QuarantineFilter) -> list[QuarantineGroup]:
    """The rows by tenant, file, kind of fault and column, those that came last first."""
    keys = (_Q.tenant_id, _Q.folder, _Q.file, _Q.code, _Q.column_name)
    first = func.min(_Q.quarantine_id)
    reason = func.min(_Q.reason)
    last = func.max(_Q.quarantined_at)
    query = (
        select(*keys, func.count(), first, reason, last)
        .where(*wanted.conditions())
        .group_by(*keys)
        .order_by(last.desc(), func.count().desc(), *keys)
    )
    with warehouse.engine.connect() as connection:
        return [QuarantineGroup(*row) for row in connection.execute(query)]


def quarantined_rows(
    warehouse: Warehouse, wanted: QuarantineFilter, *, most: int | None = None
) -> list[QuarantinedRow]:
    """The rows in the order of their files' lines.

    Args:
        most: how many at most; None: all.
    """
    columns = (
        _Q.quarantine_id, _Q.tenant_id, _Q.folder, _Q.file, _Q.row_number, _Q.code, _Q.column_name, _Q.reason,
        _Q.content, _Q.quarantined_at,
    )  # fmt: skip
    query = (
        select(*columns)
        .where(*wanted.conditions())
        .order_by(_Q.folder, _Q.file, _Q.row_number, _Q.quarantine_id)
        .limit(most)
    )
    with warehouse.engine.connect() as connection:
        return [QuarantinedRow(*row) for row in connection.execute(query)]


def clear_quarantine(warehouse: Warehouse, wanted: QuarantineFilter) -> int:
    """Delete the rows; how many there were."""
    with warehouse.engine.begin() as connection:
        return connection.execute(delete(ops.quarantine).where(*wanted.conditions())).rowcount


def forget_older(warehouse: Warehouse, before: datetime) -> int:
    """Delete rows that came into quarantine before an instant; how many there were."""
    with warehouse.engine.begin() as connection:
        return connection.execute(delete(ops.quarantine).where(_Q.quarantined_at < before)).rowcount
