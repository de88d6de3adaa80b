"""Writes the demo bakeries into a folder of CSV files in the load format."""

import csv
from datetime import date, datetime
from pathlib import Path

from bakery_assets.demo.catalogue import Bakery, demo_bakeries
from bakery_assets.demo.days import EPOCH, HISTORY_DAYS, Row, calendar_rows, weather_rows
from bakery_assets.demo.master_data import master_rows
from bakery_assets.demo.sales import sales_rows, trade, waste_rows
from bakery_assets.demo.stock import customer_order_rows, purchase_rows, stock_rows
from bakery_assets.local_time import local_date

SEED = 7


def write_demo(folder: Path, instant: datetime, seed: int = SEED) -> None:
    """Write one CSV file per table, all demo bakeries together; the folder is made, files are replaced.

    The facts are those a bakery has before it plans its local date at ``instant``: sales of 18 months up to
    its local yesterday, stock as counted that evening. The same local dates and seed give the same bytes, and
    the sales of a past day are the same whichever later day the demo is written for.

    Args:
        folder: where the files go.
        instant: any moment of the demo's day, with a time zone.
        seed: decides every chance.

    Raises:
        ValueError: ``instant`` has no time zone, or is so early that the history would begin before
            ``days.EPOCH``.
    """
    if instant.tzinfo is None:
        raise ValueError("the demo's instant has no time zone; give it in UTC")
    tables: dict[str, list[Row]] = {}
    for bakery in demo_bakeries():
        for name, rows in demo_rows(bakery, local_date(instant, bakery.tenant.timezone), seed).items():
            tables.setdefault(name, []).extend(rows)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def demo_rows(bakery: Bakery, plan_date: date, seed: int = SEED) -> dict[str, list[Row]]:
    """One bakery's rows by table, as known before its plan of a local date.

    Raises:
        ValueError: the date is so early that the history would begin before ``days.EPOCH``.
    """
    if (plan_date - EPOCH).days < HISTORY_DAYS:
        raise ValueError(f"the demo's history begins on {EPOCH}; choose a day at least {HISTORY_DAYS} days later")
    sold = trade(bakery, plan_date, seed)
    return {
        **master_rows(bakery, plan_date),
        "calendar": list(calendar_rows(bakery, plan_date)),
        "weather": list(weather_rows(bakery, plan_date, seed)),
        "sales": list(sales_rows(bakery, sold)),
        "customer_orders": list(customer_order_rows(bakery, plan_date, seed)),
        "stock_lots": list(stock_rows(bakery, sold, plan_date, seed)),
        **purchase_rows(bakery, plan_date),
        "waste": list(waste_rows(bakery, sold, plan_date)),
    }
