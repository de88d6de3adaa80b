"""The statements of a load, in the order in which they run; each works on all staged rows at once.

Temporary tables: ``staged`` (typed rows), ``refused`` (rows at fault, as read), ``late`` (faults that only
the database could find), ``ready`` (rows that may be stored).
"""
# ruff: noqa: S608 - names come from the schema, values never do

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import polars as pl

from bakery_assets.intake.chunks import FAULT_COLUMN, FAULT_REASON, ROW_NUMBER
from bakery_assets.intake.parsing import stored_columns
from bakery_assets.intake.tables import AT_LOAD, RECORDED_AT, TableSpec
from bakery_assets.intake.values import LOCAL
from bakery_assets.schemas.columns import MAIN_LOCATION
from resources.warehouse.connection import Bulk

Counts = tuple[int, int, int]  # new, changed, known


def has_rows(bulk: Bulk, table: str) -> bool:
    """Whether ``ops.<table>`` has any row."""
    return bulk.read(f"SELECT 1 AS found FROM ops.{table} LIMIT 1").height > 0


def zone_of(bulk: Bulk, tenant_id: str) -> str | None:
    """A tenant's time zone; None: there is no such tenant."""
    found = bulk.read(f"SELECT timezone FROM ops.tenants WHERE tenant_id = {_literal(tenant_id)}")
    return str(found.item()) if found.height else None


def add_tenant(bulk: Bulk, tenant_id: str, name: str, zone: str, country: str) -> None:
    """Add a tenant; everything else about it is the default."""
    values = ", ".join(_literal(value) for value in (tenant_id, name, zone, country))
    bulk.run(f"INSERT INTO ops.tenants (tenant_id, name, timezone, country) VALUES ({values}) ON CONFLICT DO NOTHING")
    main = f"{_literal(tenant_id)}, {_literal(MAIN_LOCATION)}"
    bulk.run(f"INSERT INTO ops.locations (tenant_id, location_id) VALUES ({main}) ON CONFLICT DO NOTHING")


def add_products(bulk: Bulk, tenant_id: str, articles: pl.DataFrame) -> None:
    """Add articles (``product_id, price``) that are no products yet, under the name the till has for them."""
    bulk.put("articles", articles)
    bulk.run(
        "INSERT INTO ops.products (tenant_id, product_id, name, price)"
        f" SELECT {_literal(tenant_id)}, product_id, product_id, price FROM articles ON CONFLICT DO NOTHING"
    )


def stage_rows(bulk: Bulk, rows: pl.DataFrame) -> None:
    """Add typed rows."""
    bulk.put("staged", rows)


def stage_faults(bulk: Bulk, faults: pl.DataFrame) -> None:
    """Add rows at fault, with the columns of ``chunks.FAULTS``."""
    bulk.put("refused", faults)


def find_strangers(bulk: Bulk, table: TableSpec) -> None:
    """Set apart rows that refer to what does not exist; the first reference at fault counts."""
    bulk.run(f"CREATE TEMPORARY TABLE late ({ROW_NUMBER} int, {FAULT_COLUMN} text, {FAULT_REASON} text)")
    bulk.run("ANALYZE staged")
    for reference in table.references:
        if reference.table == table.creates:
            continue
        column = reference.columns[-1]
        match = _equal("r", "s", zip(reference.targets, reference.columns, strict=True))
        whose = "" if column == "tenant_id" else " of tenant ''' || s.tenant_id || '''"
        bulk.run(
            f"INSERT INTO late SELECT s.{ROW_NUMBER}, '{column}', '{column} is ''' || s.{column} || ''', which is not"
            f" among the {reference.table}{whose}; add it there, or correct it'"
            f" FROM staged s WHERE s.{column} IS NOT NULL"
            f" AND NOT EXISTS (SELECT FROM ops.{reference.table} r WHERE {match})"
            f" AND NOT EXISTS (SELECT FROM late l WHERE l.{ROW_NUMBER} = s.{ROW_NUMBER})"
        )


def make_ready(bulk: Bulk, table: TableSpec, columns: Collection[str], now: datetime) -> None:
    """Rows that may be stored: local times made instants, and ``recorded_at`` filled where the file gives none.

    ``own`` says that the file gave it.
    """
    stored = stored_columns(table, columns)
    chosen = []
    for column in stored:
        value = f"s.{column.name}"
        if column.kind == "instant":
            value = _instant(column.name)
            if column.name == RECORDED_AT:
                chosen.append(f"{value} IS NOT NULL AS own")
                value = f"coalesce({value}, {_recorded_at(table, now)})"
        chosen.append(f"{value} AS {column.name}")
    clocks = " JOIN ops.tenants t USING (tenant_id)" if any(column.kind == "instant" for column in stored) else ""
    bulk.run(
        f"CREATE TEMPORARY TABLE ready AS SELECT s.{ROW_NUMBER}, {', '.join(chosen)} FROM staged s{clocks}"
        f" WHERE NOT EXISTS (SELECT FROM late l WHERE l.{ROW_NUMBER} = s.{ROW_NUMBER})"
    )
    bulk.run("ANALYZE ready")


def find_repeats(bulk: Bulk, table: TableSpec, columns: Collection[str]) -> int:
    """Keep a key's first row. Facts that repeat it alike are dropped and counted; others are faults."""
    key = [_comparable(table, name) for name in table.key]
    grouped = ", ".join(f"{_in('x', each)} AS k{index}" for index, each in enumerate(key))
    found = bulk.run(
        f"CREATE TEMPORARY TABLE twins AS SELECT {grouped}, min(x.{ROW_NUMBER}) AS first FROM ready x"
        f" GROUP BY {', '.join(str(index + 1) for index in range(len(key)))} HAVING count(*) > 1"
    )
    if found == 0:
        return 0
    matched = " AND ".join(f"{_in('r', each)} = w.k{index}" for index, each in enumerate(key))
    pairs = f"twins w JOIN ready f ON f.{ROW_NUMBER} = w.first WHERE {matched} AND r.{ROW_NUMBER} > w.first"
    compared = [column.name for column in stored_columns(table, columns) if column.name not in table.key]
    repeated = 0
    if table.fact is not None:
        repeated = bulk.run(f"DELETE FROM ready r USING {pairs} AND {_same('r', 'f', compared)}")
        column, other = _first_difference("r", "f", compared)
        reason = f"'row ' || w.first || ' already gives ' || {other} || ' for the same key; remove one of the two'"
    else:
        column = f"'{table.key[-1]}'"
        reason = (
            f"'row ' || w.first || ' already gives this one, ' || {_shown_key('r', table)} || '; remove one of the two'"
        )
    bulk.run(f"INSERT INTO late SELECT r.{ROW_NUMBER}, {column}, {reason} FROM ready r, {pairs}")
    _drop_late(bulk)
    return repeated


def append(bulk: Bulk, table: TableSpec, now: datetime, *, corrections: bool) -> Counts:
    """Store facts that are not known yet; one that contradicts a stored one is a fault, or a correction."""
    _wait_for_other_loads(bulk, table)
    if table.creates == "locations":
        bulk.run(
            "INSERT INTO ops.locations (tenant_id, location_id) SELECT DISTINCT tenant_id, location_id FROM ready"
            " ON CONFLICT DO NOTHING"
        )
    target = f"ops.{table.name}"
    same_subject = _equal("s", "r", ((name, name) for name in table.subject))
    content = table.content
    known = changed = 0
    if corrections and RECORDED_AT in table.key:
        subject = ", ".join(f"s.{name}" for name in table.subject)
        bulk.run(
            f"CREATE TEMPORARY TABLE latest AS SELECT DISTINCT ON ({subject}) s.* FROM {target} s"
            f" WHERE EXISTS (SELECT FROM ready r WHERE NOT r.own AND {same_subject})"
            f" ORDER BY {subject}, s.recorded_at DESC"
        )
        bulk.run("ANALYZE latest")
        known += bulk.run(
            f"DELETE FROM ready r USING latest s WHERE NOT r.own AND {same_subject} AND {_same('r', 's', content)}"
        )
        # Today's sales count as known from midnight on; a correction made before that must still come last.
        changed = bulk.run(
            "UPDATE ready r SET own = true,"
            f" recorded_at = greatest({_literal(now)}, s.recorded_at + interval '1 microsecond')"
            f" FROM latest s WHERE NOT r.own AND {same_subject}"
        )
    known += bulk.run(
        f"DELETE FROM ready r USING {target} s WHERE {same_subject} AND {_same('r', 's', content)}"
        " AND (s.recorded_at = r.recorded_at OR NOT r.own)"
    )
    _find_contradictions(bulk, table)
    names = ", ".join(table.names)
    stored = bulk.run(f"INSERT INTO {target} ({names}) SELECT {names} FROM ready ON CONFLICT DO NOTHING")
    return stored - changed, changed, known


def upsert(bulk: Bulk, table: TableSpec, columns: Collection[str]) -> Counts:
    """Store master data; the last load wins, and rows that say nothing new are not touched."""
    _wait_for_other_loads(bulk, table)
    names = [column.name for column in stored_columns(table, columns)]
    matched = " AND ".join(
        f"{_in('t', each)} = {_in('r', each)}" for each in (_comparable(table, name) for name in table.key)
    )
    present, ready = bulk.read(
        f"SELECT (SELECT count(*) FROM ready r JOIN ops.{table.name} t ON {matched}) AS present,"
        " (SELECT count(*) FROM ready) AS ready"
    ).row(0)
    values = [name for name in names if name not in table.key]
    action = "NOTHING"
    if values:
        given = ", ".join(f"{name} = excluded.{name}" for name in values)
        action = f"UPDATE SET {given} WHERE NOT ({_same('t', 'excluded', values)})"
    touched = bulk.run(
        f"INSERT INTO ops.{table.name} AS t ({', '.join(names)}) SELECT {', '.join(names)} FROM ready"
        f" ON CONFLICT ({', '.join(table.key)}) DO {action}"
    )
    if table.name == "tenants":
        bulk.run(
            "INSERT INTO ops.locations (tenant_id, location_id)"
            f" SELECT tenant_id, '{MAIN_LOCATION}' FROM ready ON CONFLICT DO NOTHING"
        )
    new = ready - present
    return new, touched - new, ready - touched


def late_faults(bulk: Bulk) -> pl.DataFrame:
    """Rows at fault that the database found: ``ROW_NUMBER, FAULT_COLUMN, FAULT_REASON``."""
    return bulk.read(f"SELECT {ROW_NUMBER}, {FAULT_COLUMN}, {FAULT_REASON} FROM late ORDER BY 1")


def quarantine(bulk: Bulk, file: str) -> int:
    """Move the refused rows to ``ops.quarantine``, each distinct one once; how many rows were refused."""
    bulk.run(
        "INSERT INTO ops.quarantine (tenant_id, file, row_number, column_name, reason, content)"
        f" SELECT tenant_id, {_literal(file)}, row_number, column_name, reason, content::jsonb FROM refused"
        " ORDER BY row_number ON CONFLICT DO NOTHING"
    )
    return int(bulk.read("SELECT count(*) FROM refused").item())


def _find_contradictions(bulk: Bulk, table: TableSpec) -> None:
    same_key = _equal("s", "r", ((name, name) for name in table.key))
    column, other = _first_difference("r", "s", (*table.content, *({RECORDED_AT} - set(table.key))))
    if RECORDED_AT in table.key:
        hint = (
            "to correct it give a later recorded_at' || CASE WHEN r.own THEN '' ELSE ', or load with --corrections' END"
        )
    else:
        hint = f"it cannot be changed, so give this one a {table.key[-1]} of its own'"
    bulk.run(
        f"INSERT INTO late SELECT r.{ROW_NUMBER}, {column}, 'the database already has ' || {other} || '; {hint}"
        f" FROM ready r JOIN ops.{table.name} s ON {same_key}"
    )
    _drop_late(bulk)


def _drop_late(bulk: Bulk) -> None:
    bulk.run(f"DELETE FROM ready r USING late l WHERE l.{ROW_NUMBER} = r.{ROW_NUMBER}")


def _wait_for_other_loads(bulk: Bulk, table: TableSpec) -> None:
    """Two loads of a table run one after the other, so that the second sees what the first stored."""
    bulk.run(f"DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('load {table.name}')); END $$")


def _recorded_at(table: TableSpec, now: datetime) -> str:
    if table.fact == AT_LOAD or table.fact is None:
        return _literal(now)
    if table.by_name[table.fact].kind == "date":
        return f"(s.{table.fact} + 1)::timestamp AT TIME ZONE t.timezone"
    return _instant(table.fact)


def _instant(name: str) -> str:
    return f"coalesce(s.{name}, s.{name}{LOCAL} AT TIME ZONE t.timezone)"


def _literal(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def _equal(left: str, right: str, names: Iterable[tuple[str, str]]) -> str:
    return " AND ".join(f"{left}.{a} = {right}.{b}" for a, b in names)


def _same(left: str, right: str, names: Sequence[str]) -> str:
    """Whether two rows say the same, two empties included."""
    return f"{_row(left, names)} IS NOT DISTINCT FROM {_row(right, names)}" if names else "true"


def _row(alias: str, names: Sequence[str]) -> str:
    return f"ROW({', '.join(f'{alias}.{name}' for name in names)})"


def _first_difference(left: str, right: str, names: Sequence[str]) -> tuple[str, str]:
    """SQL for the name of the first column in which two rows differ, and for that name with ``right``'s value."""
    column = other = ""
    for name in names:
        differs = f" WHEN {left}.{name} IS DISTINCT FROM {right}.{name} THEN "
        column += f"{differs}'{name}'"
        other += f"{differs}'{name} ' || coalesce({right}.{name}::text, '(empty)')"
    return f"CASE{column} END", f"CASE{other} ELSE 'a row' END"


def _comparable(table: TableSpec, name: str) -> str:
    """A key column as an expression over ``{}``, in which two empties are the same."""
    column = table.by_name[name]
    gaps = column.kind == "text" and not column.required and column.default is None
    return f"coalesce({{}}.{name}, '')" if gaps else f"{{}}.{name}"


def _in(alias: str, expression: str) -> str:
    return expression.format(alias)


def _shown_key(alias: str, table: TableSpec) -> str:
    parts = (f"'{name} ' || coalesce({alias}.{name}::text, '(empty)')" for name in table.key)
    return " || ', ' || ".join(parts)
