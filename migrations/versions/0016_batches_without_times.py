"""Batches without times are taken as made when their kitchen opens, in ``plans.batch_states_as_of`` as in the ledger.

Until then only events told of them, and without any they stayed planned for ever. The function keeps its columns, so
its text is changed in place, and the views that use it stay.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

# The opening of the kitchen that bakes for main, by the rules of bakery_assets.opening_hours.
OPENING = """FROM plans.batches_of_record_as_of(as_of) b LEFT JOIN LATERAL (
                SELECT (b.schedule_date + coalesce(
                    (SELECT min(c.opens) FROM ops.calendar c
                     WHERE c.tenant_id = b.tenant_id AND c.date = b.schedule_date AND c.product_id IS NULL
                       AND c.opens IS NOT NULL AND c.closes IS NOT NULL),
                    (SELECT h.opens FROM ops.opening_hours h
                     WHERE h.tenant_id = b.tenant_id AND h.weekday = extract(isodow FROM b.schedule_date)
                       AND h.location_id = coalesce(
                           (SELECT l.kitchen_id FROM ops.locations l
                            WHERE l.tenant_id = b.tenant_id AND l.location_id = 'main'), 'main')),
                    (SELECT s.value::time FROM ops.tenant_settings s
                     WHERE s.tenant_id = b.tenant_id AND s.key = 'opens' AND s.valid_from <= b.schedule_date
                     ORDER BY s.valid_from DESC LIMIT 1),
                    TIME '07:00')) AT TIME ZONE t.timezone AS opens_at
                FROM ops.tenants t WHERE t.tenant_id = b.tenant_id
            ) o ON b.start_at IS NULL OR b.end_at IS NULL
            UNION ALL"""
CHANGES = (
    ("                   least(b.begins_at +", "                   coalesce(least(b.begins_at +"),
    (
        "b.start_at)\n                   AS begins_at, b.end_at, b.planned_since,",
        "b.start_at), o.opens_at)\n                   AS begins_at, coalesce(b.end_at, o.opens_at) AS end_at,"
        " b.planned_since,",
    ),
    ("FROM plans.batches_of_record_as_of(as_of) b\n            UNION ALL", OPENING),
)


def upgrade() -> None:
    _change(CHANGES)


def downgrade() -> None:
    _change([(new, old) for old, new in CHANGES])


def _change(changes: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> None:
    connection = op.get_bind()
    definition = connection.exec_driver_sql(
        "SELECT pg_get_functiondef('plans.batch_states_as_of(timestamptz)'::regprocedure)"
    ).scalar_one()
    for old, new in changes:
        if old not in definition:
            raise RuntimeError(f"plans.batch_states_as_of is not what the migration before this one made: no {old!r}")
        definition = definition.replace(old, new)
    connection.exec_driver_sql(definition)
