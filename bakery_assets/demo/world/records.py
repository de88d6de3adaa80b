"""Records: what people in a demo bakery write down, as rows of the load format, and when each is known."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time

from bakery_assets.demo.days import Row
from bakery_assets.demo.world.house import Item
from bakery_assets.demo.world.work import PlannedBatch


def written(instant: datetime) -> str:
    """An instant in the load format."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Records:
    """Rows by table that are written down, or will be once their instant has come."""

    tenant_id: str
    _rows: list[tuple[datetime, str, Row]] = field(default_factory=list)

    def known_by(self, instant: datetime) -> dict[str, list[Row]]:
        """Take out what is written down by an instant."""
        tables: dict[str, list[Row]] = {}
        for known, table, row in self._rows:
            if known <= instant:
                tables.setdefault(table, []).append(row)
        self._rows = [each for each in self._rows if each[0] > instant]
        return tables

    def sold(
        self, product_id: str, day: date, quantity: int, price: float, sold_out_at: time | None, known: datetime
    ) -> None:
        """What a product sold on a day."""
        self._add(
            "sales", known, product_id=product_id, sales_date=day, quantity=quantity,
            revenue=round(quantity * price, 2), sold_out_at=sold_out_at,
        )  # fmt: skip

    def thrown(self, waste_id: str, item: Item, day: date, quantity: float, reason: str, known: datetime) -> None:
        """What was thrown away."""
        self._add(
            "waste", known, waste_id=waste_id, **_item_columns(item), waste_date=day, quantity=quantity, reason=reason
        )

    def ended(
        self, batch: PlannedBatch, made: float, wasted: float, reason: str, happened: datetime, known: datetime
    ) -> None:
        """A batch that ended otherwise than planned; one of which nothing was made and nothing wasted was cancelled."""
        event = "finished" if made else "failed" if wasted else "cancelled"
        self._add(
            "batch_events", known, plan_date=batch.schedule_date, batch_number=batch.batch_number,
            event=event, quantity=made, wasted_quantity=wasted, reason=reason,
            happened_at=written(happened),
        )  # fmt: skip

    def ordered(
        self, order_id: str, ingredient_id: str, supplier_id: str, quantity: float,
        window: tuple[datetime, datetime], ordered: datetime, known: datetime,
    ) -> None:  # fmt: skip
        """An order that a supplier was given; written down again, how much of it will come after all."""
        self._add(
            "purchase_orders", known, order_id=order_id, ingredient_id=ingredient_id, supplier_id=supplier_id,
            quantity=quantity, expected_from=written(window[0]), expected_to=written(window[1]),
            ordered_at=written(ordered),
        )  # fmt: skip

    def received(
        self, order_id: str, ingredient_id: str, lot_id: str, quantity: float, last_day: date, came: datetime,
        known: datetime,
    ) -> None:  # fmt: skip
        """What a supplier brought."""
        self._add(
            "stock_receipts", known, receipt_id=f"{order_id}-{ingredient_id}", lot_id=lot_id,
            ingredient_id=ingredient_id, order_id=order_id, quantity=quantity, expires_on=last_day,
            received_at=written(came),
        )  # fmt: skip

    def counted(self, item: Item, quantity: float, counted: datetime, known: datetime) -> None:
        """What was found of an item, whatever the lots."""
        columns = {"product_id": None, "ingredient_id": None} | _item_columns(item)
        self._add("stock_lots", known, lot_id=None, **columns, quantity=quantity, counted_at=written(counted))

    def other(self, table: str, known: datetime, rows: Iterator[Row]) -> None:
        """Rows of a table that are made elsewhere."""
        self._rows += [(known, table, row) for row in rows]

    def _add(self, table: str, known: datetime, **row: object) -> None:
        self._rows.append((known, table, {"tenant_id": self.tenant_id, **row, "recorded_at": written(known)}))


def _item_columns(item: Item) -> Row:
    return {"product_id": None, "ingredient_id": None} | {f"{item.kind}_id": item.item_id}
