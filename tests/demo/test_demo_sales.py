"""Demo sales look like sales: weekdays, seasons, offers, stock-outs, a new product, one that is gone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from bakery_assets.demo import write_demo
from bakery_assets.demo.catalogue import Bakery, demo_bakeries
from bakery_assets.demo.folder import demo_rows

Tables = Mapping[str, list[dict[str, str]]]
Sales = dict[str, dict[date, dict[str, str]]]  # by product and day
TENANTS = [bakery.tenant.tenant_id for bakery in demo_bakeries()]
each_bakery = pytest.mark.parametrize("bakery", demo_bakeries(), ids=TENANTS)


@pytest.fixture(scope="module")
def sales_of(demo: Tables) -> Mapping[str, Sales]:
    sales: dict[str, Sales] = defaultdict(lambda: defaultdict(dict))
    for row in demo["sales"]:
        sales[row["tenant_id"]][row["product_id"]][date.fromisoformat(row["sales_date"])] = row
    return sales


def _mean(rows: Iterable[dict[str, str]]) -> float:
    return mean(float(row["quantity"]) for row in rows)


@each_bakery
def test_sales_cover_every_open_day_of_eighteen_months_and_no_closed_one(
    demo: Tables, sales_of: Mapping[str, Sales], plan_dates: Mapping[str, date], bakery: Bakery
) -> None:
    tenant = bakery.tenant.tenant_id
    yesterday = plan_dates[tenant] - timedelta(days=1)
    closed = {
        date.fromisoformat(row["date"])
        for row in demo["calendar"] if row["tenant_id"] == tenant and row["kind"] == "closed"
    }  # fmt: skip
    opened = {yesterday - timedelta(days=offset) for offset in range(548)} - closed
    steady = [
        days for product_id, days in sales_of[tenant].items()
        if bakery.products[product_id].introduced_days_ago is None
        and bakery.products[product_id].discontinued_days_ago is None
    ]  # fmt: skip
    assert len(steady) >= 18
    assert all(set(days) == opened for days in steady)
    assert not {day for days in sales_of[tenant].values() for day in days} & closed


@each_bakery
def test_quantities_are_whole_and_takings_are_quantity_times_price(demo: Tables, bakery: Bakery) -> None:
    prices = {name: product.price for name, product in bakery.products.items()}
    for row in demo["sales"]:
        if row["tenant_id"] == bakery.tenant.tenant_id:
            assert row["quantity"].isdigit()
            assert float(row["revenue"]) == pytest.approx(int(row["quantity"]) * prices[row["product_id"]], abs=0.0051)


@each_bakery
def test_the_week_has_its_shape(sales_of: Mapping[str, Sales], bakery: Bakery) -> None:
    """The strongest open weekday of the catalogue sells at least a fifth more than the weakest."""
    profile = bakery.trade.weeks["daily"]
    opened = [weekday for weekday in range(1, 8) if weekday != bakery.trade.closed_weekday]
    best, worst = (pick(opened, key=lambda weekday: profile[weekday - 1]) for pick in (max, min))
    staples = [name for name, product in bakery.products.items() if product.week == "daily" and product.sells > 20]
    by_weekday: dict[int, list[float]] = defaultdict(list)
    for name in staples:
        for day, row in sales_of[bakery.tenant.tenant_id][name].items():
            by_weekday[day.isoweekday()].append(float(row["quantity"]) / bakery.products[name].sells)
    assert mean(by_weekday[best]) > 1.15 * mean(by_weekday[worst])


@each_bakery
def test_summer_products_sell_in_the_hemispheres_own_summer(sales_of: Mapping[str, Sales], bakery: Bakery) -> None:
    southern = bakery.tenant.timezone in ("America/Sao_Paulo", "Australia/Adelaide", "Pacific/Auckland")
    summer, winter = ((12, 1, 2), (6, 7, 8)) if southern else ((6, 7, 8), (12, 1, 2))
    seen = 0
    for name, product in bakery.products.items():
        if abs(product.season) >= 0.12 and product.sells >= 5 and product.discontinued_days_ago is None:
            days = sales_of[bakery.tenant.tenant_id][name]
            warm = _mean(row for day, row in days.items() if day.month in summer)
            cold = _mean(row for day, row in days.items() if day.month in winter)
            assert (warm > cold) == (product.season > 0), name
            seen += 1
    assert seen >= 2


@each_bakery
def test_the_offer_of_the_week_sells_more(demo: Tables, sales_of: Mapping[str, Sales], bakery: Bakery) -> None:
    tenant = bakery.tenant.tenant_id
    offers = {
        (row["product_id"], date.fromisoformat(row["date"]))
        for row in demo["calendar"] if row["tenant_id"] == tenant and row["kind"] == "promotion"
    }  # fmt: skip
    lifts = []
    for product_id in bakery.trade.promotion.products:
        days = sales_of[tenant][product_id]
        on = _mean(row for day, row in days.items() if (product_id, day) in offers)
        same_weekdays = bakery.trade.promotion.weekdays
        off = _mean(
            row for day, row in days.items() if (product_id, day) not in offers and day.isoweekday() in same_weekdays
        )
        lifts.append(on / off)
    assert 1.3 < mean(lifts) < 1.7


@each_bakery
def test_a_few_days_in_a_hundred_sell_out_before_closing(sales_of: Mapping[str, Sales], bakery: Bakery) -> None:
    rows = [row for days in sales_of[bakery.tenant.tenant_id].values() for row in days.values()]
    gone = [row for row in rows if row["sold_out_at"]]
    assert 0.02 < len(gone) / len(rows) < 0.10
    assert all(bakery.trade.opens < time.fromisoformat(row["sold_out_at"]) < bakery.trade.closes for row in gone)
    for row in gone:  # sold out means: everything that was baked, whole trays
        assert int(row["quantity"]) % bakery.products[row["product_id"]].batch.multiple == 0


@each_bakery
def test_one_product_is_new_one_is_gone_and_one_is_rare(
    demo: Tables, sales_of: Mapping[str, Sales], plan_dates: Mapping[str, date], bakery: Bakery
) -> None:
    tenant, plan_date = bakery.tenant.tenant_id, plan_dates[bakery.tenant.tenant_id]
    ages = {product_id: (plan_date - min(days)).days for product_id, days in sales_of[tenant].items()}
    assert len([age for age in ages.values() if 28 <= age <= 42]) == 1
    gone = {
        row["product_id"]: date.fromisoformat(row["discontinued_on"])
        for row in demo["products"] if row["tenant_id"] == tenant and row["discontinued_on"]
    }  # fmt: skip
    assert len(gone) == 1
    for product_id, day in gone.items():
        assert 50 <= (plan_date - day).days <= 70
        assert day - timedelta(days=4) < max(sales_of[tenant][product_id]) < day
    sold_days = {
        product_id: sum(row["quantity"] != "0" for row in days.values()) / len(days)
        for product_id, days in sales_of[tenant].items()
    }
    assert len([share for share in sold_days.values() if 0 < share < 0.15]) == 1


def test_sales_are_recorded_after_closing_on_their_own_day_also_when_the_clocks_change(demo: Tables) -> None:
    paris = [row for row in demo["sales"] if row["tenant_id"] == "paris-fournil-canal"]
    recorded = {row["sales_date"]: row["recorded_at"] for row in paris}
    assert recorded["2026-10-24"] == "2026-10-24T18:30:00Z"  # 20:30 in summer time
    assert recorded["2026-10-25"] == "2026-10-25T19:30:00Z"  # 20:30 in winter time
    zone = ZoneInfo("Asia/Kathmandu")
    for row in demo["sales"]:
        if row["tenant_id"] == "kathmandu-himal":
            local = datetime.fromisoformat(row["recorded_at"]).astimezone(zone)
            assert (local.date().isoformat(), local.time()) == (row["sales_date"], time(20, 0))


def test_a_past_day_sold_the_same_whichever_later_day_the_demo_is_written_for(demo: Tables, tmp_path: Path) -> None:
    write_demo(tmp_path, datetime(2026, 11, 25, 16, 0, tzinfo=UTC))
    later = {}
    for line in (tmp_path / "sales.csv").read_text("utf-8").splitlines()[1:]:
        tenant, product, day, rest = line.split(",", 3)
        later[tenant, product, day] = rest
    same = 0
    for row in demo["sales"]:
        key = row["tenant_id"], row["product_id"], row["sales_date"]
        if key in later:
            assert later[key] == ",".join(row[c] for c in ("quantity", "revenue", "sold_out_at", "recorded_at"))
            same += 1
    assert same > 0.98 * len(demo["sales"])


def test_a_bakery_sells_the_same_alone_as_among_others(demo: Tables) -> None:
    madrid = next(bakery for bakery in demo_bakeries() if bakery.tenant.tenant_id == "madrid-horno-sol")
    alone = demo_rows(madrid, date(2026, 11, 22), 7)["sales"]
    among = [row for row in demo["sales"] if row["tenant_id"] == "madrid-horno-sol"]
    assert [str(row["quantity"]) for row in alone] == [row["quantity"] for row in among]


@each_bakery
def test_waste_is_what_was_baked_in_whole_trays_and_not_sold(
    demo: Tables, sales_of: Mapping[str, Sales], bakery: Bakery
) -> None:
    rows = [row for row in demo["waste"] if row["tenant_id"] == bakery.tenant.tenant_id]
    assert len(rows) > 20
    for row in rows:
        sold = sales_of[bakery.tenant.tenant_id][row["product_id"]][date.fromisoformat(row["waste_date"])]
        product = bakery.products[row["product_id"]]
        assert product.life == 1
        assert not sold["sold_out_at"]
        if not product.to_order:
            assert (int(row["quantity"]) + int(sold["quantity"])) % product.batch.multiple == 0
