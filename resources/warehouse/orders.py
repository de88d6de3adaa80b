"""Purchase orders as they stand: read to be printed, and recorded as sent."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, text

from bakery_assets.order_documents import OrderDocument, OrderLine
from resources.warehouse.connection import Warehouse

# The last record of each line; a quantity of 0 is a line that was taken back.
_LINES = """
    SELECT o.*, t.name AS bakery, t.country, t.timezone, i.name AS item, i.unit, s.name AS supplier,
           coalesce(o.unit_price, p.price) AS price, coalesce(o.currency, s.currency, t.currency) AS order_currency
    FROM (
        SELECT DISTINCT ON (order_id, ingredient_id) * FROM ops.purchase_orders WHERE tenant_id = :tenant
        ORDER BY order_id, ingredient_id, recorded_at DESC
    ) o JOIN ops.tenants t USING (tenant_id) JOIN ops.ingredients i USING (tenant_id, ingredient_id)
    JOIN ops.suppliers s USING (tenant_id, supplier_id)
    LEFT JOIN ops.supplier_items p USING (tenant_id, supplier_id, ingredient_id)
    WHERE o.quantity > 0 AND {which} ORDER BY o.order_id, i.name, o.ingredient_id
"""
_OF_DAY = "coalesce(o.proposed_on, (o.ordered_at AT TIME ZONE t.timezone)::date) = :day"


class NotSendable(ValueError):
    """An order cannot be recorded as sent; the message says why."""


def read_order(warehouse: Warehouse, tenant_id: str, order_id: str) -> OrderDocument | None:
    """An order as it stands; None: there is no such order, or it was taken back."""
    with warehouse.engine.connect() as connection:
        return next(iter(_documents(connection, tenant_id, "o.order_id = :order", order=order_id)), None)


def read_orders_of_day(warehouse: Warehouse, tenant_id: str, day: date) -> list[OrderDocument]:
    """The orders that the plan of a day proposed, or that were placed on it without a plan, by number."""
    with warehouse.engine.connect() as connection:
        return _documents(connection, tenant_id, _OF_DAY, day=day)


def open_order_numbers(warehouse: Warehouse, tenant_id: str) -> list[str]:
    """The last orders that stand, the newest first."""
    query = (
        "SELECT order_id FROM ops.purchase_orders WHERE tenant_id = :tenant GROUP BY order_id"
        " ORDER BY max(ordered_at) DESC, order_id LIMIT 8"
    )
    with warehouse.engine.connect() as connection:
        return list(connection.execute(text(query), {"tenant": tenant_id}).scalars())


def record_sent(
    warehouse: Warehouse, tenant_id: str, order_id: str, *, how: str | None, who: str, sent_at: datetime, now: datetime
) -> OrderDocument:
    """Record that an order has left the house; no decision changes it from then on. The order as it was sent.

    Raises:
        NotSendable: there is no such order, it was taken back, or it was sent before.
    """
    with warehouse.engine.begin() as connection:
        # Decisions are settled under the same lock: what is sent is what stands.
        connection.execute(
            text("SELECT FROM ops.tenants WHERE tenant_id = :tenant FOR NO KEY UPDATE"), {"tenant": tenant_id}
        )
        found = _documents(connection, tenant_id, "o.order_id = :order", order=order_id)
        if not found:
            raise NotSendable(f"{tenant_id} has no order {order_id}, or it was taken back.")
        key = {"tenant": tenant_id, "order": order_id}
        sent = connection.execute(
            text(
                "SELECT min(happened_at) FROM ops.order_events"
                " WHERE tenant_id = :tenant AND order_id = :order AND event = 'sent'"
            ),
            key,
        ).scalar_one()
        if sent:
            raise NotSendable(f"Order {order_id} was sent already, {sent:%Y-%m-%d %H:%M} UTC.")
        connection.execute(
            text(
                "INSERT INTO ops.order_events (tenant_id, order_id, event, how, who, happened_at, recorded_at)"
                " VALUES (:tenant, :order, 'sent', :how, :who, :sent_at, :now)"
            ),
            {**key, "how": how, "who": who, "sent_at": sent_at, "now": now},
        )
    return found[0]


def _documents(connection: Connection, tenant_id: str, which: str, **values: object) -> list[OrderDocument]:
    rows = connection.execute(text(_LINES.format(which=which)), {"tenant": tenant_id, **values})
    by_order: dict[str, list[Row[tuple[object, ...]]]] = {}
    for row in rows:
        by_order.setdefault(row.order_id, []).append(row)
    return [_document(lines) for lines in by_order.values()]


def _document(lines: list[Row[tuple[object, ...]]]) -> OrderDocument:
    first = lines[0]
    zone = ZoneInfo(first.timezone)
    return OrderDocument(
        order_id=first.order_id,
        bakery=first.bakery,
        country=first.country,
        supplier=first.supplier,
        ordered_on=first.ordered_at.astimezone(zone).date(),
        expected_from=first.expected_from.astimezone(zone),
        expected_to=first.expected_to.astimezone(zone),
        currency=first.order_currency,
        lines=tuple(OrderLine(row.ingredient_id, row.item, row.quantity, row.unit, row.price) for row in lines),
    )
