"""The page on one product's forecast, as it is printed, and the picture that Dagster shows of a tenant's forecasts."""

import json
import os
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from rich.console import Console

from bakery_assets.briefing.forecast_plot import MOST_TENANTS, PRODUCTS, forecast_plots
from bakery_assets.briefing.product_forecast import ProductForecast
from bakery_assets.briefing.terminal import render_product
from tests.briefing.conftest import typed

PAGES = Path(__file__).parent / "pages"
TODAY = date(2026, 11, 24)  # a Tuesday
TERMS = {
    "closed": None, "factor": 1.2, "history_days": 182, "last_same_weekdays": [58.0, 61.0, 60.0, 57.0],
    "factors": [{"kind": "promotion", "name": "pain", "factor": 1.2, "days_seen": 9}],
    "members": {"trees": 72.0, "seasonal": 58.0, "level": 62.0, "tsb": None},
    "shares": {"trees": 0.5, "seasonal": 0.25, "level": 0.25, "tsb": None},
    "quantiles": {"errors_of": "model", "error_days": 56},
}  # fmt: skip
PLAIN = TERMS | {"factor": 1.0, "factors": []}
CLOSED = PLAIN | {"closed": "weekly_closing", "factor": 0.0}


def forecasts(shop: str, product: str = "pain") -> list[dict[str, object]]:
    """A promotion today, Sunday closed, and a figure set by hand on Monday."""
    own = {"tenant_id": "paris", "plan_date": TODAY, "location_id": shop, "product_id": product}
    rows = []
    for ahead in range(7):
        day = TODAY + timedelta(days=ahead)
        terms, yhat = (TERMS, 72.0) if ahead == 0 else (CLOSED, 0.0) if day.isoweekday() == 7 else (PLAIN, 60.0)
        by_hand = {"override_id": "o1", "yhat": 80.0} if day.isoweekday() == 1 else {}
        rows.append(
            {**own, "target_date": day, "yhat": yhat, "system_yhat": yhat, "q10": yhat * 0.85, "q90": yhat * 1.2,
             "reasoning": json.dumps(terms), **by_hand}
        )  # fmt: skip
    return rows


def sales(shop: str) -> list[dict[str, object]]:
    """Two weeks: 50 and the day of the month; sold out on Saturdays, nothing on Sundays."""
    days = [TODAY - timedelta(days=ago) for ago in range(1, 15)]
    return [
        {"tenant_id": "paris", "product_id": "pain", "location_id": shop, "sales_date": day, "quantity": 50.0 + day.day,
         "sold_out_at": time(15) if day.isoweekday() == 6 else None,
         "recorded_at": datetime(2026, 11, 24, tzinfo=UTC)}
        for day in days if day.isoweekday() < 7
    ]  # fmt: skip


def checks() -> list[dict[str, object]]:
    """Friday 72 of 70 sold, Saturday sold out, Monday 80 of 64 sold: 18 of 134 off, all of it too much."""
    rows = [(20, 72.0, 70.0, True, False), (21, 70.0, 71.0, True, True), (23, 80.0, 64.0, False, False)]
    return [
        {"tenant_id": "paris", "plan_date": date(2026, 11, day + 1), "validation_date": date(2026, 11, day),
         "product_id": "pain", "yhat": yhat, "actual": actual, "error": yhat - actual, "is_covered": covered,
         "is_sold_out": is_out}
        for day, yhat, actual, covered, is_out in rows
    ]  # fmt: skip


def frames(*shops: str, is_planned: bool = True, has_facts: bool = True) -> dict[str, pl.DataFrame]:
    known = [{"tenant_id": "paris", "location_id": shop, "name": f"Shop {shop}"} for shop in shops]
    return {
        "locations": typed("ops.locations", known),
        "sales": typed("ops.sales", [row for shop in shops for row in sales(shop)] if has_facts else []),
        "demand_forecasts": typed(
            "plans.demand_forecasts", [row for shop in shops for row in forecasts(shop)] if is_planned else []
        ),
        "validation_results": typed("plans.validation_results", checks() if has_facts else []),
    }


def of_a_new_product() -> dict[str, pl.DataFrame]:
    """Never sold, and introduced on Tuesday: 14 other breads are expected to sell 60 at the median."""
    level = {
        "category": "bread",
        "introduced_on": TODAY.isoformat(),
        "median": 60.0,
        "products": 14,
        "start_factor": 0.9,
    }
    nothing = dict.fromkeys(TERMS["members"])  # type: ignore[call-overload]
    new = PLAIN | {"category_level": level, "last_same_weekdays": [], "members": nothing, "shares": nothing}
    said = {"override_id": None, "model": "category_level", "reasoning": json.dumps(new)}
    figures = {"yhat": 54.0, "system_yhat": 54.0, "q10": 36.0, "q90": 72.0}
    rows = [row | said | figures for row in forecasts("main")]
    empty = frames("main", is_planned=False, has_facts=False)
    return {**empty, "demand_forecasts": typed("plans.demand_forecasts", rows)}


def page(found: dict[str, pl.DataFrame]) -> str:
    planned = datetime(2026, 11, 24, 4, 30, tzinfo=UTC) if found["demand_forecasts"].height else None
    forecast = ProductForecast("Le Fournil", "Europe/Paris", "pain", "Pain au chocolat", "piece", TODAY, planned, found)  # type: ignore[arg-type]
    console = Console(file=StringIO(), width=80, highlight=False)
    console.print(render_product(forecast, 80))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("one_shop", frames("main")),
        ("two_shops", frames("east", "west")),
        ("not_planned", frames("main", is_planned=False)),
        ("nothing_known", frames("main", is_planned=False, has_facts=False)),
        ("a_new_product", of_a_new_product()),
    ],
)
def test_the_page_is_the_one_written_down(name: str, found: dict[str, pl.DataFrame]) -> None:
    text, path = page(found), PAGES / f"{name}.txt"
    if os.environ.get("BAKERY_ACCEPT") == "1":
        path.write_text(text)
    assert text == path.read_text()
    assert max(map(len, text.splitlines())) <= 80


def plots(count: int = 1, products: int = 5) -> dict[str, str]:
    rows = [row for number in range(products) for row in forecasts("main", f"p{number}")]
    names = [
        {"tenant_id": "paris", "product_id": f"p{number}", "name": f"<Nr {number}> & Co"} for number in range(products)
    ]
    cells = pl.DataFrame({"tenant_id": ["paris", *(f"t{n}" for n in range(count - 1))]}).with_columns(plan_date=TODAY)
    return forecast_plots(
        cells,
        {
            "demand_forecasts": typed("plans.demand_forecasts", rows),
            "sales": typed("ops.sales", [row | {"product_id": "p0"} for row in sales("main")]),
            "products": typed("ops.products", names),
            "past_validations": typed("plans.validation_results", [row | {"product_id": "p0"} for row in checks()]),
        },
    )


def test_a_plot_shows_the_total_and_the_largest_products_and_stays_small() -> None:
    (svg,) = plots().values()
    drawn = ElementTree.fromstring(svg)  # noqa: S314, drawn here
    words = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [word for word in words if word.startswith("<Nr")] == [f"<Nr {n}> & Co" for n in range(PRODUCTS)]
    assert "All that is sold by the piece" in words
    assert "50% trees + 25% seasonal + 25% level; lately 13% off, bias +13%, in range 1 of 2 times" in words
    assert "Tue promotion +20% · Sun closed" in words
    assert svg.count("<polygon") == PRODUCTS, "a total has no range: ranges do not add up"
    assert len(svg) < 40_000


def test_rounds_of_many_tenants_have_no_plots() -> None:
    assert list(plots(MOST_TENANTS)) == ["paris"]
    assert plots(MOST_TENANTS + 1) == {}
