"""Foreign keys of many new rows, looked up once for each key and not once for each row.

PostgreSQL looks up the key of every row that is inserted, though the hundred forecasts of a bakery's product name
the same product, and those of a day the same plan. Here the different keys of the staged rows are looked up by one
statement each, and locked as PostgreSQL locks them; then the rows are inserted without its own checks. Where one is
missing, or the role may not leave the checks out, PostgreSQL makes them, and its error names the row.

Who may is said by ``GRANT SET ON PARAMETER session_replication_role``; the embedded server grants it.

Of packed tables PostgreSQL knows no foreign keys but that of the cell, so here theirs are always looked up.
"""
# ruff: noqa: S608 - names come from the schema

from sqlalchemy import ForeignKeyConstraint, Table

from resources.schema.packed import arrays, is_packed, stored
from resources.warehouse.connection import Bulk, insert_from, sql_type

PARAMETER = "session_replication_role"


def may_leave_checks_out(bulk: Bulk) -> bool:
    """Whether the transaction's role may insert without PostgreSQL's own checks of foreign keys."""
    return bool(bulk.read(f"SELECT has_parameter_privilege('{PARAMETER}', 'SET') AS may").item())


def insert_staged(bulk: Bulk, staged: str, table: Table, columns: list[str], condition: str, *, at_once: bool) -> None:
    """Insert ``columns`` of the staged rows that meet ``condition`` into ``table``.

    Args:
        staged: of a packed table as ``packed.pack`` returns them.
        at_once: look up foreign keys once for each key, as ``may_leave_checks_out`` allows.

    Raises:
        LookupError: a row of a packed table names what is not there.
    """
    insert = f"{insert_from(staged, stored(table), columns)} WHERE {condition}"
    keys = table.foreign_key_constraints
    if is_packed(table):
        for key in keys:
            if not _are_there(bulk, staged, key, columns, condition):
                own = ", ".join(str(column.name) for column in key.columns)
                raise LookupError(f"{table.fullname} would name a {own} that {key.referred_table.fullname} has not")
    elif not (at_once and keys and all(_are_there(bulk, staged, key, columns, condition) for key in keys)):
        bulk.run(insert)
        return
    if at_once:
        bulk.run(f"SET LOCAL {PARAMETER} = replica")
    bulk.run(insert)
    if at_once:
        bulk.run(f"SET LOCAL {PARAMETER} = origin")


def _are_there(bulk: Bulk, staged: str, key: ForeignKeyConstraint, columns: list[str], condition: str) -> bool:
    """Whether every row that a foreign key of staged rows names is there; it then stays until the transaction ends."""
    pairs = [(element.parent.name, element.column.name) for element in key.elements]
    if any(own not in columns for own, _ in pairs):
        return False  # a default may name something
    table = key.table
    lists = arrays(table)
    named = ", ".join(
        f"{f'unnest({own})' if own in lists else own}::{sql_type(table, own)} AS {own}" for own, _ in pairs
    )
    given = " AND ".join(f"{own} IS NOT NULL" for own, _ in pairs)
    match = " AND ".join(f"p.{other} = k.{own}" for own, other in pairs)
    found = bulk.read(
        f"WITH keys AS MATERIALIZED (SELECT DISTINCT * FROM (SELECT {named} FROM {staged} WHERE {condition}) named"
        f" WHERE {given}) SELECT (SELECT count(*) FROM keys) = (SELECT count(*) FROM (SELECT FROM keys k"
        f" JOIN {key.referred_table.fullname} p ON {match} FOR KEY SHARE OF p) locked) AS found"
    )
    return bool(found.item())
