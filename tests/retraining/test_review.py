"""Whether a promoted version stays: whose forecasts were closer on the days since, by how much, on how many days."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.local_time import with_instants
from bakery_assets.planning_instants import PlanningInstants
from bakery_assets.retraining.review import (
    ReviewDays,
    Verdicts,
    compare_live,
    days_under_review,
    open_reviews,
    promotion_verdicts,
    review_days,
)
from bakery_assets.schemas import conform

DAY = date(2026, 3, 2)
DAWN = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
PRODUCTS = 7


def forecasts(yhat: float, days: int, tenant: str = "b", shop: str = "main") -> pl.DataFrame:
    return pl.DataFrame(
        [(tenant, DAY + timedelta(days=day), shop, f"p{number}", yhat) for day in range(days) for number in range(PRODUCTS)],
        schema={
            "tenant_id": pl.String, "target_date": pl.Date, "location_id": pl.String, "product_id": pl.String,
            "system_yhat": pl.Float64,
        },
        orient="row",
    )  # fmt: skip


def sales(quantity: float, days: int, tenant: str = "b", shop: str = "main", products: int = PRODUCTS) -> pl.DataFrame:
    return pl.DataFrame(
        [(tenant, shop, f"p{number}", DAY + timedelta(days=day), quantity) for day in range(days) for number in range(products)],
        schema={
            "tenant_id": pl.String, "location_id": pl.String, "product_id": pl.String, "sales_date": pl.Date,
            "quantity": pl.Float64,
        },
        orient="row",
    ).with_columns(sold_out_at=pl.lit(None, pl.Time))  # fmt: skip


def days_of(retraining: str, tenant: str = "b") -> pl.DataFrame:
    """The days of a review; more than any of the tests compares."""
    rows = [(tenant, DAY + timedelta(days=day), "Europe/Paris", DAWN, retraining) for day in range(14)]
    return pl.DataFrame(rows, schema=pl.Schema(ReviewDays), orient="row")


def compared(old: pl.DataFrame, new: pl.DataFrame, sold: pl.DataFrame) -> pl.DataFrame:
    return compare_live(old, new, sold, days_of("r"))


def reviews(*, is_over: bool = False, is_replaced: bool = False) -> pl.DataFrame:
    return pl.DataFrame(
        {"tenant_id": ["b"], "retraining_id": ["r"], "is_over": [is_over], "is_replaced": [is_replaced]}
    )


def verdict(old: float, new: float, days: int, *, is_over: bool = False, is_replaced: bool = False) -> dict[str, Any]:
    """Of two versions that forecast ``old`` and ``new`` where 100 sell."""
    rows = compared(forecasts(old, days), forecasts(new, days), sales(100.0, days))
    found = promotion_verdicts(reviews(is_over=is_over, is_replaced=is_replaced), rows)
    assert found.schema == pl.Schema(Verdicts)
    (row,) = found.to_dicts()
    return row


@pytest.mark.parametrize(
    ("old", "new", "days", "state"),
    [
        (110.0, 120.0, 2, "promoted"),  # twice the error, but two days
        (110.0, 111.1, 3, "rolled_back"),  # 11.1% against 10%: more than a tenth worse
        (110.0, 111.0, 3, "promoted"),  # exactly a tenth worse
        (110.0, 110.5, 4, "promoted"),
        (110.0, 110.3, 5, "rolled_back"),  # 3% worse in a week of five open days
        (110.0, 110.2, 7, "confirmed"),  # exactly 2%
        (110.0, 104.0, 7, "confirmed"),
        (110.0, 104.0, 4, "promoted"),
        (90.0, 111.0, 3, "promoted"),  # too little and too much count alike
    ],
)
def test_a_version_is_rolled_back_when_it_is_clearly_worse(old: float, new: float, days: int, state: str) -> None:
    assert verdict(old, new, days)["state"] == state


def test_the_verdict_has_its_numbers() -> None:
    row = verdict(110.0, 104.0, 7)
    assert (row["live_wape_old"], row["live_wape_new"], row["days_reviewed"]) == (0.1, 0.04, 7)
    assert row["reason"] == "WAPE 4.0% against 10.0% of what was in use before, on 7 days"


def test_what_sold_out_counts_against_no_version() -> None:
    sold = sales(100.0, 3).with_columns(
        sold_out_at=pl.when(pl.col("product_id") == "p0").then(pl.lit(time(11))).otherwise(None)
    )
    rows = compared(forecasts(100.0, 3), forecasts(140.0, 3), sold)
    assert rows["product_id"].unique().sort().to_list() == [f"p{number}" for number in range(1, PRODUCTS)]


def test_a_review_that_is_over_is_decided_with_the_days_it_has() -> None:
    assert verdict(110.0, 110.5, 4, is_over=True)["state"] == "rolled_back"
    assert verdict(110.0, 110.1, 4, is_over=True)["state"] == "confirmed"
    nothing = verdict(110.0, 150.0, 0, is_over=True)
    assert (nothing["state"], nothing["days_reviewed"]) == ("confirmed", 0)
    assert nothing["reason"] == "too few days could be compared to roll it back"
    assert verdict(110.0, 150.0, 0)["state"] == "promoted"


def test_a_worse_version_that_was_replaced_is_not_rolled_back_but_not_better() -> None:
    row = verdict(110.0, 120.0, 6, is_over=True, is_replaced=True)
    assert row["state"] == "not_better"
    assert row["reason"].endswith("another version has replaced it since")


def test_few_rows_prove_nothing() -> None:
    rows = compared(forecasts(110.0, 4), forecasts(200.0, 4), sales(100.0, 4))
    few, enough = (rows.gather_every(2).head(count) for count in (13, 14))
    assert few["target_date"].n_unique() == enough["target_date"].n_unique() == 4
    assert promotion_verdicts(reviews(), few)["state"].to_list() == ["promoted"]
    assert promotion_verdicts(reviews(), enough)["state"].to_list() == ["rolled_back"]


def test_a_perfect_version_before_makes_any_error_worse_and_days_without_sales_prove_nothing() -> None:
    assert verdict(100.0, 100.5, 7)["state"] == "rolled_back"
    rows = compared(forecasts(1.0, 7), forecasts(5.0, 7), sales(0.0, 7))
    (row,) = promotion_verdicts(reviews(is_over=True), rows).to_dicts()
    assert (row["state"], row["live_wape_old"]) == ("confirmed", None)


def test_a_shop_that_traded_sold_none_of_what_has_no_row_and_a_shop_without_sales_is_left_out() -> None:
    both = [pl.concat([forecasts(yhat, 1), forecasts(yhat, 1, shop="kiosk")]) for yhat in (3.0, 4.0)]
    rows = compared(both[0], both[1], sales(5.0, 1, products=PRODUCTS - 1))
    assert rows["location_id"].unique().to_list() == ["main"]
    assert rows["actual"].to_list() == [5.0] * (PRODUCTS - 1) + [0.0]


def test_each_day_belongs_to_the_version_that_was_champion_then() -> None:
    later = days_of("later").filter(pl.col("plan_date") > DAY)
    days = pl.concat([days_of("r").filter(pl.col("plan_date") == DAY), later])
    rows = compare_live(forecasts(1.0, 2), forecasts(2.0, 2), sales(2.0, 2), days)
    assert rows.select("target_date", "retraining_id").unique().sort("target_date").rows() == [
        (DAY, "r"),
        (DAY + timedelta(days=1), "later"),
    ]


def promotion(
    begins: datetime, ends: datetime | None = None, run: str = "r", zone: str = "Europe/Paris"
) -> dict[str, Any]:
    return {
        "tenant_id": "b", "retraining_id": run, "champion_from": begins, "champion_until": ends, "timezone": zone,
    }  # fmt: skip


def promotions(*rows: dict[str, Any]) -> pl.DataFrame:
    stamp = pl.Datetime("us", "UTC")
    return pl.DataFrame(list(rows), schema_overrides={"champion_from": stamp, "champion_until": stamp})


def reviewed(of: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The days of a bakery in Paris that is planned at 05:30."""
    past = days_under_review(of, now)
    at = with_instants(
        past.select("tenant_id", "plan_date").unique().with_columns(timezone=pl.lit("Europe/Paris"), wall_time=pl.time(5, 30)),
        "planned_as_of", day="plan_date", wall_time="wall_time",
    )  # fmt: skip
    instants = at.with_columns(planning_time="wall_time", first_start_at=pl.lit(None, pl.Datetime("us", "UTC")))
    return review_days(of, past, conform(PlanningInstants, instants))


def test_the_days_compared_are_those_the_version_has_planned_and_that_have_ended() -> None:
    sunday_night = datetime(2026, 3, 1, 21, 10, tzinfo=UTC)
    one = promotions(promotion(sunday_night))
    days = reviewed(one, datetime(2026, 3, 4, 12, tzinfo=UTC))
    assert days["plan_date"].to_list() == [date(2026, 3, 2), date(2026, 3, 3)]
    assert days["planned_as_of"].to_list()[0] == datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    later = reviewed(one, datetime(2026, 4, 4, 12, tzinfo=UTC))
    assert later["plan_date"].max() == date(2026, 3, 14), "the fourteenth day since"


def test_two_versions_of_a_tenant_share_no_day() -> None:
    first, second = datetime(2026, 3, 1, 21, tzinfo=UTC), datetime(2026, 3, 8, 21, tzinfo=UTC)
    days = reviewed(
        promotions(promotion(first, second, "r1"), promotion(second, None, "r2")), datetime(2026, 3, 11, 12, tzinfo=UTC)
    )
    counts = dict(days.group_by("retraining_id").len().iter_rows())
    assert counts == {"r1": 7, "r2": 2}
    assert days["plan_date"].n_unique() == 9


def test_a_review_is_over_after_two_weeks_or_with_the_next_version() -> None:
    begins = datetime(2026, 3, 1, 21, tzinfo=UTC)
    runs = promotions(promotion(begins, None, "open"), promotion(begins, begins + timedelta(days=7), "replaced"))
    early = open_reviews(runs, begins + timedelta(days=15))
    assert early.select("is_over", "is_replaced").rows() == [(False, False), (True, True)]
    assert open_reviews(runs, begins + timedelta(days=15, hours=1))["is_over"].to_list() == [True, True]
