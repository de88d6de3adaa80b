"""The watch over what plans are made from: triggers that note, by transaction, of whom which table was changed.

A number that each change raises would be a lock that all who write facts wait for, and the order of transactions'
numbers is not that in which they end. So a change is a row of its own, with its transaction, and whether a plan knows
it is asked of the snapshot that the plan was made from (``unchanged_plans``).

- Facts, master data, settings and models: an INSERT, UPDATE or DELETE is noted for the bakeries of the rows that it
  has changed; a TRUNCATE, and whatever happens to what belongs to no bakery, for all.
- Rows of plans are written by ``plans.replace_plans``, ``record`` and ``decisions``, which say so
  (``mark_as_writer``). What anyone else does to them, a person's DELETE or retention, is noted for all bakeries.

The triggers follow from the description of the tables, and so are made not by a migration but after any: a new table
is watched without being named here. A database that is found without one of them gets it. Triggers also fire for what
is restored or replicated with ``session_replication_role = replica``. Disabling and enabling one changes its row in
the catalog, and with it the digest of ``WATCH``.
"""
# ruff: noqa: S608 - names come from the schema

import hashlib

from sqlalchemy import Connection, Table, text

from bakery_assets.planning_day import MODELS, RECORD, WRITTEN_BY
from resources.schema import metadata, ops
from resources.schema.packed import stored
from resources.warehouse.connection import Bulk

PREFIX = "noted_"
MARK = "bakery.writes_plans"  # on: in the transaction that replaces plans, or brings their states up to date
_ROWS = {
    "insert": "AFTER INSERT ON {} REFERENCING NEW TABLE AS written",
    "update": "AFTER UPDATE ON {} REFERENCING OLD TABLE AS replaced NEW TABLE AS written",
    "delete": "AFTER DELETE ON {} REFERENCING OLD TABLE AS replaced",
}
_ANY = "INSERT OR UPDATE OR DELETE OR TRUNCATE"
_MODELS = tuple(metadata.tables[f"plans.{name}"] for name in MODELS if f"plans.{name}" in metadata.tables)
_INPUTS = (*ops.LOADED, *_MODELS)
_PLANS = tuple(
    stored(metadata.tables[f"plans.{name}"]) for name in dict.fromkeys((*WRITTEN_BY, *RECORD, "published_proposals"))
)


def _triggers() -> dict[str, str]:
    """Each trigger that has to be there, as ``table.trigger``, and how it is made."""
    made = {}
    for table in _INPUTS:
        if "tenant_id" in table.columns:
            for event, when in _ROWS.items():
                made[f"{table.fullname}.{PREFIX}{event}"] = (
                    f"{when.format(table.fullname)} FOR EACH STATEMENT EXECUTE FUNCTION plans.note_changed_rows()"
                )
            made[f"{table.fullname}.{PREFIX}all"] = _for_all(table, "TRUNCATE")
        else:
            made[f"{table.fullname}.{PREFIX}all"] = _for_all(table, _ANY)
    for table in _PLANS:
        by_others = f" WHEN (current_setting('{MARK}', true) IS DISTINCT FROM 'on')"
        made[f"{table.fullname}.{PREFIX}all"] = _for_all(table, _ANY, by_others)
    return made


def _for_all(table: Table, events: str, when: str = "") -> str:
    return f"AFTER {events} ON {table.fullname} FOR EACH STATEMENT{when} EXECUTE FUNCTION plans.note_change_for_all()"


TRIGGERS = _triggers()

# One row: the snapshot of the transaction, and a digest of the database and of every trigger with its table's file;
# empty where a trigger is missing or disabled, or rows come by logical replication, which fires none of them.
WATCH = f"""
    SELECT pg_current_snapshot()::text AS snapshot,
           CASE WHEN count(*) FILTER (WHERE t.tgenabled = 'A') = {len(TRIGGERS)}
                 AND NOT EXISTS (SELECT FROM pg_subscription_rel)
                THEN md5((SELECT system_identifier FROM pg_control_system())::text || string_agg(
                    concat_ws(' ', t.oid, t.xmin, t.tgrelid, c.relfilenode), ',' ORDER BY t.oid)) END AS watched_by
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE starts_with(t.tgname, '{PREFIX}')
      AND concat(n.nspname, '.', c.relname, '.', t.tgname) IN ({", ".join(f"'{name}'" for name in TRIGGERS)})
"""


def watch_inputs(connection: Connection) -> None:
    """Make the triggers that are not there as they have to be, and drop those that have to be no more."""
    found = connection.execute(
        text(
            "SELECT concat(n.nspname, '.', c.relname, '.', t.tgname),"
            " CASE t.tgenabled WHEN 'A' THEN obj_description(t.oid, 'pg_trigger') END"
            " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE starts_with(t.tgname, '{PREFIX}') AND n.nspname IN ('ops', 'plans')"
        )
    )
    present: dict[str, str | None] = {row[0]: row[1] for row in found}
    for name, definition in TRIGGERS.items():
        table, _, trigger = name.rpartition(".")
        made_as = hashlib.sha256(definition.encode()).hexdigest()
        if present.pop(name, None) != made_as:
            connection.execute(text(f"CREATE OR REPLACE TRIGGER {trigger} {definition}"))
            connection.execute(text(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"))
            # PostgreSQL keeps a definition in other words; by this it is known whether it is still the same.
            connection.execute(text(f"COMMENT ON TRIGGER {trigger} ON {table} IS '{made_as}'"))
    for name in present:
        table, _, trigger = name.rpartition(".")
        connection.execute(text(f"DROP TRIGGER {trigger} ON {table}"))


def mark_as_writer(bulk: Bulk) -> None:
    """Say that the transaction writes plans as the planning day and decisions do, so that nothing is noted for it."""
    bulk.run(f"SET LOCAL {MARK} = on")
