"""The state of every purchase order as of any instant, in SQL as in ``bakery_assets.deliveries.states``."""

from alembic import op

revision = "0039"
down_revision = "0038"

# A sum of quantities may be off by rounding: the tolerance of bakery_assets.quantities.
FUNCTION = """
CREATE FUNCTION plans.order_states_as_of(as_of timestamptz)
RETURNS TABLE (
    tenant_id text, order_id text, supplier_id text, state text, expected_from timestamptz, expected_to timestamptz,
    ordered_at timestamptz, sent_at timestamptz, confirmed_at timestamptz, changed_at timestamptz,
    received_at timestamptz, lines integer, lines_received integer
) LANGUAGE sql STABLE AS $$
    WITH receipts AS (
        SELECT * FROM (
            SELECT DISTINCT ON (r.tenant_id, r.receipt_id, r.lot_id) r.* FROM ops.stock_receipts r
            WHERE r.recorded_at <= as_of ORDER BY r.tenant_id, r.receipt_id, r.lot_id, r.recorded_at DESC
        ) latest WHERE latest.state = 'confirmed' AND latest.order_id IS NOT NULL
    ), of_orders AS (
        SELECT r.tenant_id, r.order_id, min(r.received_at) AS first_came, max(r.received_at) AS received_at
        FROM receipts r GROUP BY r.tenant_id, r.order_id
    ), came AS (
        SELECT r.tenant_id, r.order_id, r.ingredient_id, sum(r.quantity) AS came
        FROM receipts r GROUP BY r.tenant_id, r.order_id, r.ingredient_id
    ), told AS (
        SELECT e.tenant_id, e.order_id, max(e.happened_at) FILTER (WHERE e.event = 'sent') AS sent_at,
               max(e.happened_at) FILTER (WHERE e.event = 'confirmed') AS confirmed_at, max(e.recorded_at) AS told_at
        FROM ops.order_events e WHERE e.recorded_at <= as_of GROUP BY e.tenant_id, e.order_id
    ), records AS (
        SELECT o.*, f.first_came,
               o.supplier_id <> lag(o.supplier_id) OVER line OR o.quantity <> lag(o.quantity) OVER line
               OR o.expected_from <> lag(o.expected_from) OVER line OR o.expected_to <> lag(o.expected_to) OVER line
               AS differs
        FROM ops.purchase_orders o LEFT JOIN of_orders f USING (tenant_id, order_id)
        WHERE o.recorded_at <= as_of
        WINDOW line AS (PARTITION BY o.tenant_id, o.order_id, o.ingredient_id ORDER BY o.recorded_at)
    ), of_lines AS (
        SELECT c.tenant_id, c.order_id, c.ingredient_id,
               (array_agg(c.supplier_id ORDER BY c.recorded_at DESC))[1] AS supplier_id,
               (array_agg(c.quantity ORDER BY c.recorded_at DESC))[1] AS quantity,
               (array_agg(c.expected_from ORDER BY c.recorded_at DESC))[1] AS expected_from,
               (array_agg(c.expected_to ORDER BY c.recorded_at DESC))[1] AS expected_to,
               min(c.ordered_at) AS ordered_at, max(c.recorded_at) AS last_recorded_at,
               max(c.recorded_at) FILTER (WHERE c.differs) AS changed_at,
               coalesce(
                   (array_agg(c.quantity ORDER BY c.recorded_at DESC) FILTER (WHERE c.recorded_at <= c.first_came))[1],
                   (array_agg(c.quantity ORDER BY c.recorded_at))[1]
               ) AS agreed
        FROM records c GROUP BY c.tenant_id, c.order_id, c.ingredient_id
    ), orders AS (
        SELECT l.tenant_id, l.order_id,
               (array_agg(l.supplier_id ORDER BY l.last_recorded_at DESC, l.ingredient_id DESC))[1] AS supplier_id,
               min(l.expected_from) AS expected_from, max(l.expected_to) AS expected_to, min(l.ordered_at) AS ordered_at,
               max(l.changed_at) AS changed_at, count(*) FILTER (WHERE l.quantity > 0) AS lines,
               count(*) FILTER (WHERE l.quantity > 0 AND coalesce(r.came, 0) >= l.quantity - 1e-5) AS lines_received,
               bool_and(coalesce(r.came, 0) >= l.quantity - 1e-5) AS is_full, bool_or(coalesce(r.came, 0) > 0) AS has_come,
               bool_or(coalesce(r.came, 0) < l.agreed - 1e-5) AS is_short
        FROM of_lines l LEFT JOIN came r USING (tenant_id, order_id, ingredient_id) GROUP BY l.tenant_id, l.order_id
    )
    SELECT o.tenant_id, o.order_id, o.supplier_id,
        CASE
            WHEN o.lines = 0 AND NOT o.has_come THEN 'cancelled'
            WHEN o.has_come AND o.is_full AND o.is_short THEN 'short'
            WHEN o.has_come AND o.is_full THEN 'received'
            WHEN o.has_come THEN 'partly_received'
            WHEN o.changed_at > t.told_at OR (o.changed_at IS NOT NULL AND t.told_at IS NULL) THEN 'changed'
            WHEN t.confirmed_at IS NOT NULL THEN 'confirmed'
            WHEN t.sent_at IS NOT NULL THEN 'sent'
            ELSE 'ordered'
        END,
        o.expected_from, o.expected_to, o.ordered_at, t.sent_at, t.confirmed_at, o.changed_at, f.received_at,
        o.lines::integer, o.lines_received::integer
    FROM orders o LEFT JOIN told t USING (tenant_id, order_id) LEFT JOIN of_orders f USING (tenant_id, order_id)
$$
"""
COMMENTS = {
    "FUNCTION plans.order_states_as_of(timestamptz)": "State of every purchase order by what was known at an instant.",
    "VIEW plans.order_states": "State of every purchase order now.",
}


def upgrade() -> None:
    op.execute(FUNCTION)
    op.execute(
        "CREATE VIEW plans.order_states WITH (security_invoker = true) AS SELECT * FROM plans.order_states_as_of(now())"
    )
    for name, comment in COMMENTS.items():
        op.execute(f"COMMENT ON {name} IS $${comment}$$")


def downgrade() -> None:
    op.execute("DROP VIEW plans.order_states")
    op.execute("DROP FUNCTION plans.order_states_as_of(timestamptz)")
