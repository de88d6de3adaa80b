"""A demo bakery's stock and orders: lots as counted in the evening, deliveries, and what customers ordered.

The count is newer than every delivery and every waste of the past, so nothing counts twice. Lots and
orders carry names that do not change from day to day: a demo written tomorrow counts the same lots again.
"""

import math
from collections.abc import Iterator
from datetime import date, time, timedelta

from bakery_assets.demo.catalogue import Bakery
from bakery_assets.demo.days import WEEKDAYS, Row, at, history, is_open, random_generator, span
from bakery_assets.demo.master_data import FRESH_LIFE_DAYS
from bakery_assets.demo.sales import Sold

COUNTED_AFTER = 60  # minutes after closing
LONG_LIFE_DAYS = 300
RESERVE_DAYS, LONG_RESERVE_DAYS = 2.0, 6.0  # stock beyond the next delivery; the second for what keeps a year
MOST_OF_LIFE = 0.75  # never more in stock than is used in this share of the ingredient's life
RUNNING_OUT_DAYS = 0.15
OLDER_SHARE = 0.4  # of the stock lies in the older lot
EXPIRING_DAYS, EXPIRING_REST_DAYS = 3.0, 1.0  # use that lies in the lot expiring tomorrow, and in the newer one
DELIVERY_FROM, DELIVERY_TO, ORDERED_AT = time(6), time(8), time(9, 30)
NOTICE_DAYS = 2  # standing orders are given so many days earlier than the supplier asks
SUPPLY_DAYS = 5.0  # a delivery without a standing order lasts so long
REACH_DAYS = 6  # customers order for so many days ahead
CHANCE_OF_ORDER = 0.4


def stock_rows(bakery: Bakery, sold: Sold, plan_date: date, seed: int) -> Iterator[Row]:
    """The count of the evening before the plan date: two lots an ingredient, one a product that keeps."""
    counted = plan_date - timedelta(days=1)
    recorded = at(bakery, counted, bakery.trade.closes, COUNTED_AFTER)
    for ingredient_id, daily_use in bakery.daily_use().items():
        cover = _days_of_cover(bakery, ingredient_id, plan_date, seed)
        newest = _last_delivery(bakery, ingredient_id, plan_date)
        life = bakery.ingredients[ingredient_id].life
        for number, days, expires in _lots(bakery, ingredient_id, cover, newest + timedelta(days=life), plan_date):
            quantity = days * daily_use
            rounded = round(quantity) if bakery.ingredients[ingredient_id].unit == "piece" else round(quantity, 2)
            yield _lot_row(bakery, f"{ingredient_id}-{number}", rounded, expires, recorded, ingredient_id=ingredient_id)
    for product_id, days_sold in sold.items():
        product = bakery.products[product_id]
        if product.life == 1 or product.to_order or product.discontinued_days_ago is not None:
            continue
        last = days_sold[-1]
        expires = last.day + timedelta(days=product.life - 1)
        left = last.baked - last.sold if expires >= plan_date else 0
        yield _lot_row(bakery, f"shelf-{product_id}", left, expires, recorded, product_id=product_id)


def purchase_rows(bakery: Bakery, plan_date: date) -> dict[str, list[Row]]:
    """Standing orders that were given by the evening before, and every delivery of the last week."""
    orders: list[Row] = []
    receipts: list[Row] = []
    use = bakery.daily_use()
    for ingredient_id, ingredient in bakery.ingredients.items():
        supplier_id, offer = next(iter(ingredient.sold_by.items()))
        standing = ingredient_id in bakery.store.standing_orders
        week = plan_date - timedelta(days=7), plan_date + timedelta(days=REACH_DAYS)
        for day in _deliveries(bakery, supplier_id, *week):
            order_id = f"standing-{day:%Y%m%d}-{supplier_id}" if standing else None
            lasts = _days_to_next(bakery, supplier_id, day) if standing else SUPPLY_DAYS
            packs = math.ceil(use[ingredient_id] * lasts / offer.pack)
            quantity = round(packs * offer.pack, 4)
            given = day - timedelta(days=bakery.suppliers[supplier_id].lead_days + NOTICE_DAYS)
            if order_id and given < plan_date:
                orders.append(_order_row(bakery, order_id, ingredient_id, supplier_id, quantity, given, day))
            arrived = day < plan_date and ingredient_id != bakery.store.running_out
            if arrived and (standing or day == _last_delivery(bakery, ingredient_id, plan_date)):
                receipts.append(_receipt_row(bakery, ingredient_id, order_id, quantity, day))
    return {"purchase_orders": orders, "stock_receipts": receipts}


def customer_order_rows(
    bakery: Bakery, plan_date: date, seed: int, *, first_due: date | None = None, last_due: date | None = None
) -> Iterator[Row]:
    """A large order every week, small ones by chance, a cake made to order on the month's first Saturday.

    Orders that were given before the plan date, due from ``first_due`` to ``last_due``; by default from three days
    before the plan date to two weeks after it.
    """
    big = bakery.trade.standing_customer
    to_order = [name for name, product in bakery.products.items() if product.to_order]
    usual = [
        name
        for name, product in bakery.products.items()
        if product.discontinued_days_ago is None and product.introduced_days_ago is None and not product.to_order
    ]
    first = plan_date - timedelta(days=3) if first_due is None else first_due
    last = plan_date + timedelta(days=14) if last_due is None else last_due
    for due in span(first, last):
        if not is_open(bakery, due):
            continue
        if due.isoweekday() == big.weekday:
            yield from _customer_order(bakery, plan_date, due, "weekly", big.product, big.quantity, 10)
        if due.isoweekday() == 6 and due.day <= 7:
            for product_id in to_order:
                yield from _customer_order(bakery, plan_date, due, "party", product_id, 1, 21)
        dice = random_generator(seed, bakery.tenant.tenant_id, "customer", due.isoformat())
        if dice.random() < CHANCE_OF_ORDER:
            product_id = usual[int(dice.integers(len(usual)))]
            share = dice.uniform(0.1, 0.3)
            quantity = max(1, round(share * bakery.products[product_id].sells))
            days = int(dice.integers(1, REACH_DAYS))
            yield from _customer_order(bakery, plan_date, due, "counter", product_id, quantity, days)


def _lots(
    bakery: Bakery, ingredient_id: str, cover: float, keeps_to: date, plan_date: date
) -> Iterator[tuple[int, float, date]]:
    """Number, days of use and last day of each lot; the first is the older one."""
    keeps_to = max(keeps_to, plan_date + timedelta(days=1))
    if ingredient_id == bakery.store.expiring:
        yield 1, EXPIRING_DAYS, plan_date + timedelta(days=1)
        yield 2, EXPIRING_REST_DAYS, keeps_to
    elif bakery.ingredients[ingredient_id].life <= FRESH_LIFE_DAYS or ingredient_id == bakery.store.running_out:
        yield 2, cover, keeps_to
    else:
        yield 1, cover * OLDER_SHARE, max(keeps_to - timedelta(days=4), plan_date + timedelta(days=2))
        yield 2, cover * (1 - OLDER_SHARE), keeps_to


def _days_of_cover(bakery: Bakery, ingredient_id: str, plan_date: date, seed: int) -> float:
    """Days of mean use in stock."""
    if ingredient_id == bakery.store.running_out:
        return RUNNING_OUT_DAYS
    ingredient = bakery.ingredients[ingredient_id]
    supplier_id = next(iter(ingredient.sold_by))
    reserve = LONG_RESERVE_DAYS if ingredient.life >= LONG_LIFE_DAYS else RESERVE_DAYS
    reach = bakery.suppliers[supplier_id].lead_days + _longest_gap(bakery, supplier_id) + reserve
    dice = random_generator(seed, bakery.tenant.tenant_id, ingredient_id, plan_date.isoformat())
    return min(reach, ingredient.life * MOST_OF_LIFE) * float(dice.uniform(0.7, 1.15))


def _longest_gap(bakery: Bakery, supplier_id: str) -> int:
    """Most days between two deliveries in a usual week."""
    days = sorted(WEEKDAYS.index(name) for name in bakery.suppliers[supplier_id].delivers.split(","))
    return max((after - day - 1) % 7 + 1 for day, after in zip(days, [*days[1:], days[0]], strict=True))


def _deliveries(bakery: Bakery, supplier_id: str, first: date, last: date) -> list[date]:
    delivers = bakery.suppliers[supplier_id].delivers.split(",")
    return [day for day in span(first, last) if WEEKDAYS[day.weekday()] in delivers and is_open(bakery, day)]


def _last_delivery(bakery: Bakery, ingredient_id: str, plan_date: date) -> date:
    supplier_id = next(iter(bakery.ingredients[ingredient_id].sold_by))
    fortnight = history(plan_date, 14)
    return _deliveries(bakery, supplier_id, fortnight[0], fortnight[-1])[-1]


def _days_to_next(bakery: Bakery, supplier_id: str, day: date) -> int:
    return (_deliveries(bakery, supplier_id, day + timedelta(days=1), day + timedelta(days=14))[0] - day).days


def _lot_row(
    bakery: Bakery, lot_id: str, quantity: float, expires: date, recorded: str,
    *, product_id: str | None = None, ingredient_id: str | None = None,
) -> Row:  # fmt: skip
    return {
        "tenant_id": bakery.tenant.tenant_id,
        "lot_id": lot_id,
        "product_id": product_id,
        "ingredient_id": ingredient_id,
        "quantity": quantity,
        "expires_on": expires,
        "recorded_at": recorded,
    }


def _order_row(
    bakery: Bakery, order_id: str, ingredient_id: str, supplier_id: str, quantity: float, given: date, day: date
) -> Row:
    ordered = at(bakery, given, ORDERED_AT)
    return {
        "tenant_id": bakery.tenant.tenant_id,
        "order_id": order_id,
        "ingredient_id": ingredient_id,
        "supplier_id": supplier_id,
        "quantity": quantity,
        "expected_from": at(bakery, day, DELIVERY_FROM),
        "expected_to": at(bakery, day, DELIVERY_TO),
        "ordered_at": ordered,
        "recorded_at": ordered,
    }


def _receipt_row(bakery: Bakery, ingredient_id: str, order_id: str | None, quantity: float, day: date) -> Row:
    return {
        "tenant_id": bakery.tenant.tenant_id,
        "receipt_id": f"{day:%Y%m%d}-{ingredient_id}",
        "lot_id": f"{ingredient_id}-2",
        "ingredient_id": ingredient_id,
        "order_id": order_id,
        "quantity": quantity,
        "expires_on": day + timedelta(days=bakery.ingredients[ingredient_id].life),
        "received_at": at(bakery, day, DELIVERY_FROM, 40),
        "recorded_at": at(bakery, day, DELIVERY_FROM, 55),
    }


def _customer_order(
    bakery: Bakery, plan_date: date, due: date, kind: str, product_id: str, quantity: int, days_before: int
) -> Iterator[Row]:
    """The order, if it was given before the plan date."""
    given = due - timedelta(days=days_before)
    if given < plan_date:
        ordered = at(bakery, given, bakery.trade.opens, 95)
        yield {
            "tenant_id": bakery.tenant.tenant_id,
            "order_id": f"{due:%Y%m%d}-{kind}",
            "product_id": product_id,
            "due_date": due,
            "quantity": quantity,
            "ordered_at": ordered,
            "recorded_at": ordered,
        }
