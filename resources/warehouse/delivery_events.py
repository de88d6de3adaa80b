"""Events about deliveries: ``delivery.scheduled`` for each record of an order, ``delivery.cancelled`` for one that
cancels it, ``delivery.received`` for each receipt.

What is loaded is announced in the transaction that loads it. Rows that others insert are found by the transaction that
wrote them, once all below it have ended, since one that begins first may commit last. An event's id follows from what
it tells, so that it does no harm to read rows twice.
"""
# ruff: noqa: S608 - conditions are made of numbers

from bakery_assets.schemas import conform
from bakery_assets.schemas.new_events import NewEvents
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.events import append_events

SCHEDULED, CANCELLED, RECEIVED = "delivery.scheduled", "delivery.cancelled", "delivery.received"
TABLES = ("purchase_orders", "stock_receipts")
# The lines of an order that one transaction recorded as of one moment; quantity 0 says that a line is canceled, and the
# order is when that holds for all of its lines by then.
_ORDERS = f"""
    SELECT o.tenant_id::text,
           CASE WHEN EXISTS (
               SELECT FROM (
                   SELECT DISTINCT ON (l.ingredient_id) l.quantity FROM ops.purchase_orders l
                   WHERE l.tenant_id = o.tenant_id AND l.order_id = o.order_id AND l.recorded_at <= o.recorded_at
                   ORDER BY l.ingredient_id, l.recorded_at DESC
               ) line WHERE line.quantity > 0
           ) THEN '{SCHEDULED}' ELSE '{CANCELLED}' END AS type, o.order_id::text AS subject,
           to_char(o.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || o.transaction_id::text
               AS occasion,
           o.recorded_at AS time,
           jsonb_build_object(
               'supplier_id', min(o.supplier_id),
               'expected_from', min(o.expected_from), 'expected_to', max(o.expected_to),
               'lines', jsonb_agg(jsonb_build_object('ingredient_id', o.ingredient_id, 'quantity', o.quantity)
                                  ORDER BY o.ingredient_id)
           )::text AS data
    FROM ops.purchase_orders o WHERE {{which}} GROUP BY o.tenant_id, o.order_id, o.recorded_at, o.transaction_id
"""
_RECEIPTS = f"""
    SELECT r.tenant_id::text, '{RECEIVED}' AS type, coalesce(r.order_id, r.receipt_id)::text AS subject,
           r.receipt_id || '/' || to_char(r.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/'
               || r.transaction_id::text AS occasion,
           min(r.received_at) AS time,
           jsonb_build_object(
               'order_id', r.order_id, 'receipt_id', r.receipt_id,
               'lines', jsonb_agg(
                   jsonb_build_object('ingredient_id', r.ingredient_id, 'lot_id', r.lot_id, 'quantity', r.quantity,
                                      'expires_on', r.expires_on) ORDER BY r.ingredient_id, r.lot_id)
           )::text AS data
    FROM ops.stock_receipts r WHERE r.state = 'confirmed' AND {{which}}
    GROUP BY r.tenant_id, r.order_id, r.receipt_id, r.recorded_at, r.transaction_id
"""


def announce_written(bulk: Bulk) -> int:
    """Append events of the orders and receipts that this transaction has written; how many are new."""
    return _announce(bulk, "transaction_id = pg_current_xact_id()")


def announce_since(warehouse: Warehouse, since: int | None) -> int:
    """Append events of rows of transactions from one on; the transaction from which the next call has to read.

    Args:
        since: what the call before returned; None, or a number that lies ahead of the server because the database was
            restored elsewhere: all rows are read.
    """
    with warehouse.bulk() as bulk:
        ended, ahead = bulk.read(
            "SELECT pg_snapshot_xmin(s)::text::bigint AS ended, pg_snapshot_xmax(s)::text::bigint AS ahead"
            " FROM pg_current_snapshot() s"
        ).row(0)
        first = 0 if since is None or since > ahead else since
        _announce(bulk, f"transaction_id >= '{first}'::xid8 AND transaction_id < '{ended}'::xid8")
        return int(ended)


def _announce(bulk: Bulk, which: str) -> int:
    parts = [bulk.read(query.format(which=which)) for query in (_ORDERS, _RECEIPTS)]
    return sum(append_events(bulk, conform(NewEvents, part)) for part in parts)
