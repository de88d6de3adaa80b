"""Whose forecast was closer to sales: that of the person who overrode it, or the system's."""

from datetime import time

import pytest

from bakery_assets.validation import validate_forecasts
from tests.validation.validation_inputs import SATURDAY, SUNDAY, cells, closed, forecast, frames, override, sale


def scores(*groups: object) -> list[dict[str, object]]:
    return validate_forecasts(cells("t"), frames(*groups))["override_scores"].to_dicts()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("human", "system", "closer"),
    [(18.0, 10.0, "human"), (30.0, 19.0, "system"), (22.0, 18.0, "tie"), (20.0, 20.0, "tie")],
)
def test_the_smaller_error_is_closer_and_equal_ones_tie(human: float, system: float, closer: str) -> None:
    [score] = scores(
        [forecast(SUNDAY, SUNDAY, "cake", human, system=system, override="O1")],
        [sale(SUNDAY, "cake", 20.0)],
        [override("O1", "cake", SUNDAY)],
    )
    assert (score["human_error"], score["system_error"], score["closer"]) == (human - 20, system - 20, closer)
    assert (score["override_id"], score["product_id"], score["who"], score["reason"]) == (
        "O1", "cake", "Anna", "a wedding",
    )  # fmt: skip


def test_an_override_spread_over_shops_is_scored_as_the_total_that_the_person_forecast() -> None:
    # Anna said 60, spread 40 and 20; 45 and 14 sold. By shop she is off by 11, over all by 1.
    [score] = scores(
        [
            forecast(SUNDAY, SUNDAY, "cake", 40.0, shop="east", system=44.0, override="O1"),
            forecast(SUNDAY, SUNDAY, "cake", 20.0, shop="west", system=12.0, override="O1"),
        ],
        [sale(SUNDAY, "cake", 45.0, shop="east"), sale(SUNDAY, "cake", 14.0, shop="west")],
        [override("O1", "cake", SUNDAY)],
    )
    assert (score["locations"], score["yhat"], score["system_yhat"], score["actual"]) == (2, 60.0, 56.0, 59.0)
    assert (score["human_error"], score["system_error"], score["closer"]) == (1.0, -3.0, "human")


def test_a_shop_that_did_not_trade_is_left_out_of_the_score() -> None:
    [score] = scores(
        [
            forecast(SUNDAY, SUNDAY, "cake", 40.0, shop="east", system=30.0, override="O1"),
            forecast(SUNDAY, SUNDAY, "cake", 20.0, shop="west", system=12.0, override="O1"),
        ],
        [sale(SUNDAY, "cake", 38.0, shop="east")],
        [override("O1", "cake", SUNDAY)],
    )
    assert (score["locations"], score["human_error"], score["system_error"]) == (1, 2.0, -8.0)


def test_a_person_who_expected_sales_on_a_closed_day_is_scored_when_the_shop_opened() -> None:
    day = (
        [forecast(SATURDAY, SUNDAY, "cake", 20.0, system=0.0, override="O1"), forecast(SATURDAY, SUNDAY, "bread", 0.0)],
        [override("O1", "cake", SUNDAY, reason="open for the town fair")],
        [closed(SUNDAY)],
    )
    [score] = scores(*day, [sale(SUNDAY, "cake", 18.0)])
    assert (score["human_error"], score["system_error"], score["closer"]) == (2.0, -18.0, "human")
    # It opened and sold bread only: the cakes were too many.
    [score] = scores(*day, [sale(SUNDAY, "bread", 3.0)])
    assert (score["human_error"], score["system_error"], score["closer"]) == (20.0, 0.0, "system")
    assert scores(*day) == [], "it stayed closed"


def test_what_sold_out_is_not_scored() -> None:
    day = [forecast(SUNDAY, SUNDAY, "cake", 40.0, system=30.0, override="O1")], [override("O1", "cake", SUNDAY)]
    assert scores(*day, [sale(SUNDAY, "cake", 40.0, sold_out=time(12))]) == []
    assert len(scores(*day, [sale(SUNDAY, "cake", 40.0)])) == 1


def test_only_the_forecast_that_counts_is_scored() -> None:
    made = scores(
        [
            forecast(SUNDAY, SUNDAY, "cake", 18.0, system=10.0, override="O2"),
            forecast(SATURDAY, SUNDAY, "cake", 99.0, system=10.0, override="O1"),
            forecast(SUNDAY, SUNDAY, "bread", 18.0),
        ],
        [sale(SUNDAY, "cake", 20.0)],
        [override("O1", "cake", SUNDAY), override("O2", "cake", SUNDAY, who="Ben")],
    )
    assert [(score["override_id"], score["who"]) for score in made] == [("O2", "Ben")]
