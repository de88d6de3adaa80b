"""Batches as of any instant: which of the record hold, which events hold or contradict, and every batch's state.

The functions are SQL's form of ``bakery_assets.batches``; a property test holds both equal. They are simple queries, so
that the planner takes them into the calling query, with its conditions on tenants and days, and the rights of its role.
"""
# ruff: noqa: S608 - numbers and texts of this file

from alembic import op

revision = "0014"
down_revision = "0013"

HORIZON_DAYS = 7
FACTS_OF_STOCK = ("waste", "stock_receipts", "purchase_orders", "transfers", "batch_events", "batch_consumption")
REASONS = {
    "unknown_batch": "no plan has this batch, and no event of it names its product; give product_id, or correct the day"
    " and number of the batch",
    "other_product": "the plan has this batch with another product; leave product_id empty, or correct the day and"
    " number of the batch",
    "cancelled_when_over": "it was cancelled after it had finished or failed; if nothing came of it, record that it"
    " failed",
    "after_cancelled": "it happened after the batch was cancelled; if it was made all the same, record how it ended",
    "after_end": "it happened after the batch had finished or failed; correct the time of one of the two events",
    "after_quality_check": "it happened after the batch's quality check; correct the time of one of the two events",
    "after_started": "it happened after the batch was started; correct the time of one of the two events",
}

BATCHES_OF_RECORD = f"""
CREATE FUNCTION plans.batches_of_record_as_of(as_of timestamptz)
RETURNS TABLE (
    tenant_id text, schedule_date date, batch_number text, published_for date, is_of_record boolean, product_id text,
    quantity_planned double precision, begins_at timestamptz, start_at timestamptz, end_at timestamptz,
    planned_since timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT l.tenant_id, l.schedule_date, l.batch_number, l.plan_date,
           coalesce(l.plan_date = c.plan_date AND l.version = c.version, false), l.product_id, l.quantity_planned,
           l.begins_at, l.start_at, l.end_at, l.planned_since
    FROM (
        SELECT DISTINCT ON (b.tenant_id, b.schedule_date, b.batch_number) b.*
        FROM plans.published_batches b JOIN plans.plan_versions v USING (tenant_id, plan_date, version)
        WHERE v.published_at <= as_of AND b.plan_date <= b.schedule_date
        ORDER BY b.tenant_id, b.schedule_date, b.batch_number, b.plan_date DESC, b.version DESC
    ) l LEFT JOIN LATERAL (
        SELECT v.plan_date, v.version FROM plans.plan_versions v
        WHERE v.tenant_id = l.tenant_id AND v.published_at <= as_of
          AND v.plan_date BETWEEN l.schedule_date - {HORIZON_DAYS - 1} AND l.schedule_date
        ORDER BY v.plan_date DESC, v.version DESC LIMIT 1
    ) c ON true
$$
"""

# Layer by layer: the latest records, what they are about, how the batch ended, until when each stage may have happened.
JUDGED_EVENTS = """
CREATE FUNCTION plans.judged_batch_events_as_of(as_of timestamptz)
RETURNS TABLE (
    tenant_id text, schedule_date date, batch_number text, event text, happened_at timestamptz,
    recorded_at timestamptz, quantity double precision, wasted_quantity double precision, product_id text, reason text,
    who text, is_corrected boolean, contradiction text
) LANGUAGE sql STABLE AS $$
    SELECT j.tenant_id, j.plan_date, j.batch_number, j.event, j.happened_at, j.recorded_at, j.quantity,
           j.wasted_quantity, j.product_id, j.reason, j.who,
           j.contradiction IS NULL AND j.event IN ('finished', 'failed', 'cancelled') AND j.event <> j.ending,
           j.contradiction
    FROM (
        SELECT s.*, CASE
            WHEN s.about IS NOT NULL THEN s.about
            WHEN s.event = 'cancelled' AND s.too_late THEN 'cancelled_when_over'
            WHEN s.event IN ('confirmed', 'started', 'quality_check') AND s.happened_at > s.ended_at
                THEN CASE s.ending WHEN 'cancelled' THEN 'after_cancelled' ELSE 'after_end' END
            WHEN s.event IN ('confirmed', 'started') AND s.happened_at > s.checked_at THEN 'after_quality_check'
            WHEN s.event = 'confirmed' AND s.happened_at > s.started_at THEN 'after_started'
        END AS contradiction
        FROM (
            SELECT q.*, CASE WHEN NOT coalesce(q.start_told > least(q.checked_at, q.ended_at), false)
                        THEN q.start_told END AS started_at
            FROM (
                SELECT e.*, CASE WHEN NOT coalesce(e.check_told > e.ended_at, false) THEN e.check_told END AS checked_at
                FROM (
                    SELECT c.*, CASE WHEN c.ending = 'cancelled' THEN c.cancelled_at ELSE c.done_at END AS ended_at
                    FROM (
                        SELECT f.*, CASE
                            WHEN f.cancelled_at IS NOT NULL AND NOT f.too_late AND (
                                f.done IS NULL OR f.cancelled_known > f.done_known
                                OR (f.cancelled_known = f.done_known AND f.cancelled_at >= f.done_at)
                            ) THEN 'cancelled' ELSE f.done
                        END AS ending
                        FROM (
                            SELECT d.*, coalesce(d.cancelled_at > d.done_at, false) AS too_late
                            FROM (
                                SELECT t.*,
                                    CASE t.done WHEN 'failed' THEN t.failed_at ELSE t.finished_at END AS done_at,
                                    CASE t.done WHEN 'failed' THEN t.failed_known ELSE t.finished_known END
                                        AS done_known
                                FROM (
                                    SELECT a.*, CASE
                                        WHEN a.failed_at IS NOT NULL AND (
                                            a.finished_at IS NULL OR a.failed_known > a.finished_known
                                            OR (a.failed_known = a.finished_known AND a.failed_at >= a.finished_at)
                                        ) THEN 'failed'
                                        WHEN a.finished_at IS NOT NULL THEN 'finished'
                                    END AS done
                                    FROM (
                                        SELECT k.*,
                                            max(k.happened_at) FILTER (WHERE k.about IS NULL AND k.event = 'finished')
                                                OVER batch AS finished_at,
                                            max(k.recorded_at) FILTER (WHERE k.about IS NULL AND k.event = 'finished')
                                                OVER batch AS finished_known,
                                            max(k.happened_at) FILTER (WHERE k.about IS NULL AND k.event = 'failed')
                                                OVER batch AS failed_at,
                                            max(k.recorded_at) FILTER (WHERE k.about IS NULL AND k.event = 'failed')
                                                OVER batch AS failed_known,
                                            max(k.happened_at) FILTER (WHERE k.about IS NULL AND k.event = 'cancelled')
                                                OVER batch AS cancelled_at,
                                            max(k.recorded_at) FILTER (WHERE k.about IS NULL AND k.event = 'cancelled')
                                                OVER batch AS cancelled_known,
                                            max(k.happened_at)
                                                FILTER (WHERE k.about IS NULL AND k.event = 'quality_check')
                                                OVER batch AS check_told,
                                            max(k.happened_at) FILTER (WHERE k.about IS NULL AND k.event = 'started')
                                                OVER batch AS start_told
                                        FROM (
                                            SELECT n.*, CASE
                                                WHEN p.product_id IS NULL AND NOT bool_or(n.product_id IS NOT NULL)
                                                    OVER (PARTITION BY n.tenant_id, n.plan_date, n.batch_number)
                                                    THEN 'unknown_batch'
                                                WHEN n.product_id <> p.product_id THEN 'other_product'
                                            END AS about
                                            FROM (
                                                SELECT DISTINCT ON (r.tenant_id, r.plan_date, r.batch_number, r.event)
                                                    r.*
                                                FROM ops.batch_events r WHERE r.recorded_at <= as_of
                                                ORDER BY r.tenant_id, r.plan_date, r.batch_number, r.event,
                                                         r.recorded_at DESC
                                            ) n LEFT JOIN plans.batches_of_record_as_of(as_of) p
                                                ON p.tenant_id = n.tenant_id AND p.schedule_date = n.plan_date
                                                AND p.batch_number = n.batch_number
                                            WHERE n.happened_at <= as_of
                                        ) k
                                        WINDOW batch AS (PARTITION BY k.tenant_id, k.plan_date, k.batch_number)
                                    ) a
                                ) t
                            ) d
                        ) f
                    ) c
                ) e
            ) q
        ) s
    ) j
$$
"""

BATCH_STATES = """
CREATE FUNCTION plans.batch_states_as_of(as_of timestamptz)
RETURNS TABLE (
    tenant_id text, schedule_date date, batch_number text, product_id text, quantity_planned double precision,
    is_of_record boolean, state text, is_assumed boolean, confirmed_at timestamptz, started_at timestamptz,
    checked_at timestamptz, ended_at timestamptz, quantity_made double precision, wasted_quantity double precision,
    reason text, who text
) LANGUAGE sql STABLE AS $$
    SELECT g.tenant_id, g.schedule_date, g.batch_number, g.product_id, g.quantity_planned, g.is_of_record,
        CASE
            WHEN g.ending = 'finished' THEN 'completed'
            WHEN g.ending IS NOT NULL THEN g.ending
            WHEN g.checked_at IS NOT NULL THEN 'quality_check'
            WHEN g.start_told IS NOT NULL THEN 'in_progress'
            WHEN g.confirmed_at IS NOT NULL THEN 'confirmed'
            WHEN g.is_begun AND g.planned_end <= as_of THEN 'completed'
            WHEN g.is_begun THEN 'in_progress'
            ELSE 'planned'
        END,
        NOT g.is_told AND g.is_begun, g.confirmed_at,
        coalesce(g.start_told, g.checked_at, CASE WHEN g.ending IN ('finished', 'failed') THEN g.ended_at END),
        g.checked_at, g.ended_at, g.quantity_made, g.wasted_quantity, g.reason, g.who
    FROM (
        SELECT u.tenant_id, u.schedule_date, u.batch_number,
            coalesce(max(u.product_id) FILTER (WHERE u.event IS NULL),
                (array_agg(u.product_id ORDER BY u.recorded_at DESC, u.event DESC)
                 FILTER (WHERE u.event IS NOT NULL AND u.product_id IS NOT NULL))[1]) AS product_id,
            max(u.quantity) FILTER (WHERE u.event IS NULL) AS quantity_planned,
            coalesce(bool_or(u.is_of_record), false) AS is_of_record,
            coalesce(bool_or(u.is_of_record AND u.begins_at <= as_of AND u.planned_since <= u.begins_at), false)
                AS is_begun,
            max(u.end_at) AS planned_end,
            coalesce(bool_or(u.event IS NOT NULL AND NOT u.is_corrected), false) AS is_told,
            max(u.happened_at) FILTER (WHERE u.event = 'confirmed') AS confirmed_at,
            max(u.happened_at) FILTER (WHERE u.event = 'started') AS start_told,
            max(u.happened_at) FILTER (WHERE u.event = 'quality_check') AS checked_at,
            max(u.event) FILTER (WHERE u.is_end) AS ending,
            max(u.happened_at) FILTER (WHERE u.is_end) AS ended_at,
            max(u.quantity) FILTER (WHERE u.is_end) AS quantity_made,
            max(u.wasted_quantity) FILTER (WHERE u.is_end) AS wasted_quantity,
            (array_agg(u.reason ORDER BY u.happened_at DESC, u.event DESC)
             FILTER (WHERE NOT u.is_corrected AND u.reason IS NOT NULL))[1] AS reason,
            (array_agg(u.who ORDER BY u.happened_at DESC, u.event DESC)
             FILTER (WHERE NOT u.is_corrected AND u.who IS NOT NULL))[1] AS who
        FROM (
            SELECT b.tenant_id, b.schedule_date, b.batch_number, b.product_id, b.quantity_planned AS quantity,
                   b.is_of_record,
                   least(b.begins_at + make_interval(hours => 24 * greatest(
                       ceil(extract(epoch FROM b.planned_since - b.begins_at) / 86400), 0)::int), b.start_at)
                   AS begins_at, b.end_at, b.planned_since,
                   NULL::text AS event, NULL::timestamptz AS happened_at, NULL::timestamptz AS recorded_at,
                   NULL::double precision AS wasted_quantity, NULL::text AS reason, NULL::text AS who,
                   false AS is_corrected, false AS is_end
            FROM plans.batches_of_record_as_of(as_of) b
            UNION ALL
            SELECT e.tenant_id, e.schedule_date, e.batch_number, e.product_id, e.quantity, NULL, NULL, NULL, NULL,
                   e.event, e.happened_at, e.recorded_at, e.wasted_quantity, e.reason, e.who, e.is_corrected,
                   NOT e.is_corrected AND e.event IN ('finished', 'failed', 'cancelled')
            FROM plans.judged_batch_events_as_of(as_of) e WHERE e.contradiction IS NULL
        ) u
        GROUP BY u.tenant_id, u.schedule_date, u.batch_number
    ) g
    WHERE g.is_of_record OR g.is_told
$$
"""

COMMENTS = {
    "FUNCTION plans.batches_of_record_as_of(timestamptz)": "Batches as they were published last by an instant, and"
    " whether the plan that counts for their day has them.",
    "FUNCTION plans.judged_batch_events_as_of(timestamptz)": "Batch events known at an instant, each in its latest"
    " record: whether a later record corrects it, or why it contradicts.",
    "FUNCTION plans.batch_states_as_of(timestamptz)": "State of every batch as of an instant, by events, and where none"
    " tells by the record (is_assumed).",
    "VIEW plans.batch_states": "State of every batch now.",
    "VIEW plans.batch_event_contradictions": "Batch events that contradict others, or the plan, which every plan puts"
    " aside, with why and what to do.",
}


def upgrade() -> None:
    for function in (BATCHES_OF_RECORD, JUDGED_EVENTS, BATCH_STATES):
        op.execute(function)
    reasons = " ".join(f"WHEN '{code}' THEN $${reason}$$" for code, reason in REASONS.items())
    op.execute(
        "CREATE VIEW plans.batch_states WITH (security_invoker = true) AS SELECT * FROM plans.batch_states_as_of(now())"
    )
    op.execute(
        "CREATE VIEW plans.batch_event_contradictions WITH (security_invoker = true) AS"
        " SELECT tenant_id, schedule_date, batch_number, event, happened_at, recorded_at, who, contradiction,"
        f" CASE contradiction {reasons} END AS reason FROM plans.judged_batch_events_as_of(now())"
        " WHERE contradiction IS NOT NULL"
    )
    for name, comment in COMMENTS.items():
        op.execute(f"COMMENT ON {name} IS $${comment}$$")
    for table in FACTS_OF_STOCK:
        op.create_index(f"{table}_tenant_id_recorded_at_idx", table, ["tenant_id", "recorded_at"], schema="ops")
    op.create_index(
        "plan_decisions_tenant_id_plan_date_idx", "plan_decisions", ["tenant_id", "plan_date"], schema="ops"
    )


def downgrade() -> None:
    op.drop_index("plan_decisions_tenant_id_plan_date_idx", "plan_decisions", schema="ops")
    for table in FACTS_OF_STOCK:
        op.drop_index(f"{table}_tenant_id_recorded_at_idx", table, schema="ops")
    op.execute("DROP VIEW plans.batch_event_contradictions, plans.batch_states")
    for name in ("batch_states_as_of", "judged_batch_events_as_of", "batches_of_record_as_of"):
        op.execute(f"DROP FUNCTION plans.{name}(timestamptz)")
