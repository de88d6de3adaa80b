"""What migrations do to pack the rows of a table of plans as arrays, and to unpack them again.

The table becomes a view of the same name and columns. Everything is taken from the catalog, so that columns of earlier
migrations are packed, too, and views that read it, such as marts, and rights to read it stay. What the table was is
kept for the way back, as the comment of the stored table's check.
"""
# ruff: noqa: S608 - names come from the catalog

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import op
from sqlalchemy import text

CELL = ["tenant_id", "plan_date"]
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), quote_nullable(col_description(a.attrelid, a.attnum))
    FROM pg_attribute a WHERE a.attrelid = :table ::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KEY = """
    SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = :table ::regclass AND i.indisprimary ORDER BY k.place
"""
# Views on a table and views on these, in an order in which they can be made.
_VIEWS = """
    WITH RECURSIVE found AS (
        SELECT :table ::regclass::oid AS oid, 0 AS depth
        UNION SELECT r.ev_class, f.depth + 1 FROM found f JOIN pg_depend d ON d.refobjid = f.oid
            AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
        JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> f.oid
    )
    SELECT c.oid::regclass::text, pg_get_viewdef(c.oid), coalesce('WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
           quote_nullable(obj_description(c.oid))
    FROM found f JOIN pg_class c ON c.oid = f.oid AND c.relkind = 'v' WHERE f.depth > 0
    GROUP BY c.oid, c.relname, c.reloptions ORDER BY max(f.depth), c.relname
"""
# The statement that makes a table with its key, checks and references; then those of its other indexes.
_DEFINITION = """
    SELECT format('CREATE TABLE %s (%s, %s)', CAST(:table AS text), c.columns, k.constraints)
    FROM (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
                     'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attnotnull THEN 'NOT NULL' END),
                     ', ' ORDER BY a.attnum) AS columns
          FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid = :table ::regclass AND a.attnum > 0 AND NOT a.attisdropped) c,
         (SELECT string_agg(format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), ', ') AS constraints
          FROM pg_constraint WHERE conrelid = :table ::regclass AND contype <> 'n') k
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = :table ::regclass AND NOT indisprimary
"""
_READERS = """
    SELECT DISTINCT c.oid::regclass::text, coalesce(quote_ident(r.rolname), 'PUBLIC') FROM pg_class c
    CROSS JOIN LATERAL aclexplode(c.relacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
    WHERE g.privilege_type = 'SELECT' AND g.grantee <> c.relowner AND c.oid = ANY (CAST(:relations AS regclass[]))
"""


def pack(name: str, by: Sequence[str] = ()) -> None:
    """Store the rows of ``plans.<name>`` packed, one stored row for each cell and value of the columns ``by``."""
    table, packed, single = f"plans.{name}", f"plans.packed_{name}", [*CELL, *by]
    columns, key = _columns(table), [row[0] for row in _all(_KEY, table=table)]
    arrays = [column for column, _, _ in columns if column not in single]
    first, *others = arrays
    lengths = ", ".join(f"cardinality({column})" for column in others)
    defined = [f"{column} {_stored(kind, column in single)} NOT NULL" for column, kind, _ in columns]
    _run(
        f"CREATE TABLE {packed} ({', '.join(defined)},"
        f" CONSTRAINT packed_{name}_pkey PRIMARY KEY ({', '.join(single)}),"
        f" CONSTRAINT packed_{name}_tenant_id_plan_date_fkey FOREIGN KEY (tenant_id, plan_date)"
        " REFERENCES plans.planning_runs (tenant_id, plan_date) ON DELETE CASCADE,"
        f" CONSTRAINT packed_{name}_rows_check CHECK (cardinality({first}) = ALL (ARRAY[{lengths}])))"
    )
    _run(f"COMMENT ON TABLE {packed} IS 'Rows of {table}, each column an array in the order of their key.'")
    _comment(f"COLUMN {packed}", columns)
    order = ", ".join(column for column in key if column not in single)
    gathered = [
        column if column in single else f"array_agg({column}{'::text' if kind == 'jsonb' else ''} ORDER BY {order})"
        for column, kind, _ in columns
    ]
    _run(
        f"INSERT INTO {packed} SELECT {', '.join(gathered)} FROM {table} GROUP BY {', '.join(single)}"
        f" ORDER BY {', '.join(single)}"
    )
    plain = [column for column, kind, _ in columns if column in arrays and kind != "jsonb"]
    selected = [
        f"(p.{column}[u.place])::jsonb AS {column}"
        if kind == "jsonb"
        else f"{'u' if column in arrays else 'p'}.{column} AS {column}"
        for column, kind, _ in columns
    ]
    with _kept_readers(table, packed):
        comment = _comment_of(table)
        before = json.dumps([row[0] for row in _all(_DEFINITION, table=table)])
        kept = _one("SELECT quote_literal(CAST(:before AS text))", before=before)
        _run(f"COMMENT ON CONSTRAINT packed_{name}_rows_check ON {packed} IS {kept}")
        _run(f"DROP TABLE {table}")
        _run(
            f"CREATE VIEW {table} WITH (security_invoker = true) AS SELECT {', '.join(selected)} FROM {packed} p"
            f" CROSS JOIN LATERAL unnest({', '.join(f'p.{column}' for column in plain)}) WITH ORDINALITY"
            f" u ({', '.join(plain)}, place)"
        )
        _run(f"COMMENT ON VIEW {table} IS {comment}")
        _comment(f"COLUMN {table}", columns)


def unpack(name: str) -> None:
    """Store the rows of ``plans.<name>`` each by itself again, in the table that ``pack`` found."""
    table, packed = f"plans.{name}", f"plans.packed_{name}"
    columns, comment = _columns(table), _comment_of(table)
    before = json.loads(
        _one(
            "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint"
            " WHERE conrelid = CAST(:packed AS regclass) AND contype = 'c'",
            packed=packed,
        )
    )
    listed = ", ".join(column for column, _, _ in columns)
    # All arrays together: the view would take JSON out of them row by row.
    arrays = {column for column, kind, _ in _columns(packed) if kind.endswith("[]")}
    unpacked = [
        f"{'u' if column in arrays else 'p'}.{column}{'::jsonb' if kind == 'jsonb' else ''} AS {column}"
        for column, kind, _ in columns
    ]
    read = [column for column, _, _ in columns if column in arrays]
    _run(
        f"CREATE TEMPORARY TABLE unpacked AS SELECT {', '.join(unpacked)} FROM {packed} p"
        f" CROSS JOIN LATERAL unnest({', '.join(f'p.{column}' for column in read)}) u ({', '.join(read)})"
    )
    with _kept_readers(table):
        _run(f"DROP VIEW {table}")
        _run(f"DROP TABLE {packed}")
        for statement in before:
            _run(statement)
        _run(f"COMMENT ON TABLE {table} IS {comment}")
        _comment(f"COLUMN {table}", columns)
        _run(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM unpacked")
    _run("DROP TABLE unpacked")


@contextmanager
def _kept_readers(table: str, *read: str) -> Iterator[None]:
    """Make the views of a table anew after it was replaced, and let who could read it read it and ``read`` again."""
    views = _all(_VIEWS, table=table)
    readers = _all(_READERS, relations=[table, *(view for view, _, _, _ in views)])
    for view, _, _, _ in reversed(views):
        _run(f"DROP VIEW {view}")
    yield
    for view, query, options, comment in views:
        _run(f"CREATE VIEW {view} {options} AS {query}")
        _run(f"COMMENT ON VIEW {view} IS {comment}")
    for relation, role in readers:
        for each in {relation, *read} if relation == table else {relation}:
            _run(f"GRANT SELECT ON {each} TO {role}")


def _stored(kind: str, is_single: bool) -> str:
    return kind if is_single else "text[]" if kind == "jsonb" else f"{kind}[]"


def _comment_of(table: str) -> str:
    return _one("SELECT quote_nullable(obj_description(CAST(:table AS regclass)))", table=table)


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)  # as it stands: a colon in a comment names no parameter


def _columns(table: str) -> list[Any]:
    return _all(_COLUMNS, table=table)


def _comment(what: str, columns: list[Any]) -> None:
    for column, _, comment in columns:
        _run(f"COMMENT ON {what}.{column} IS {comment}")


def _all(query: str, **values: object) -> list[Any]:
    return list(op.get_bind().execute(text(query), values))


def _one(query: str, **values: object) -> str:
    return str(op.get_bind().execute(text(query), values).scalar_one())
