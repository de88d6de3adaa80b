"""Whatever was forecast and sold: figures are finite, and do not depend on the order of rows or on other tenants."""

from datetime import date, time, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.validation import validate_forecasts
from tests.validation.validation_inputs import SUNDAY, cells, closed, forecast, frames, override, sale, validated

amounts = st.one_of(st.floats(0, 1e9), st.sampled_from([0.0, 1e-300, 1e-9, 0.1, 1e9]))
sold_amounts = st.one_of(amounts, st.floats(-1e9, -1e-9))
days_back = st.integers(0, 30)
rows = st.lists(
    st.one_of(
        st.builds(
            lambda tenant, shop, product, lead, yhat, system, who: forecast(
                SUNDAY - timedelta(days=lead), SUNDAY, product, yhat, tenant, shop, system=system, override=who
            ),
            st.sampled_from("ab"), st.sampled_from("mn"), st.sampled_from("xyz"), st.integers(-1, 7), amounts, amounts,
            st.sampled_from([None, None, "O1"]),
        ),
        st.builds(
            lambda tenant, shop, product, back, sold, out: sale(
                SUNDAY - timedelta(days=back), product, sold, tenant, shop, sold_out=out
            ),
            st.sampled_from("ab"), st.sampled_from("mn"), st.sampled_from("xyz"), days_back, sold_amounts,
            st.sampled_from([None, None, time(11)]),
        ),
        st.builds(
            lambda tenant, product, back, yhat, sold: validated(SUNDAY - timedelta(days=back), product, yhat, sold, tenant),
            st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 35), amounts, sold_amounts,
        ),
        st.builds(
            lambda tenant, back: closed(SUNDAY - timedelta(days=back), tenant=tenant),
            st.sampled_from("ab"), st.integers(0, 2),
        ),
    ),
    max_size=40,
)  # fmt: skip
KEYS = {
    "past_forecasts": ("tenant_id", "plan_date", "location_id", "product_id", "target_date"),
    "sales": ("tenant_id", "product_id", "sales_date", "location_id"),
    "past_validations": ("tenant_id", "plan_date", "validation_date", "location_id", "product_id"),
    "calendar": ("tenant_id", "date"),
}


def distinct(drawn: list[Any]) -> list[Any]:
    return list({(name, *(row[key] for key in KEYS[name])): (name, row) for name, row in drawn}.values())


@settings(max_examples=40, deadline=None)
@given(rows)
def test_nothing_is_ever_undefined_infinite_or_too_large_for_its_table(drawn: list[Any]) -> None:
    made = validate_forecasts(cells("a", "b"), frames(distinct(drawn), [override("O1", "x", SUNDAY)]))
    for frame in made.values():
        for name, kind in frame.schema.items():
            if kind.is_float():
                values = frame[name].drop_nulls()
                assert values.is_finite().all()
                assert (values.abs() <= 1e15).all()
        for name in {"mae", "mape", "rmse", "wape", "mase", "pinball", "wape_7d", "wape_28d"} & set(frame.columns):
            assert (frame[name].drop_nulls() >= 0).all(), name


@settings(max_examples=25, deadline=None)
@given(rows, st.randoms())
def test_the_order_of_rows_and_other_tenants_change_nothing(drawn: list[Any], chance: Any) -> None:
    given_rows = distinct(drawn)
    together = validate_forecasts(cells("a", "b"), frames(given_rows))
    chance.shuffle(given_rows)
    shuffled = validate_forecasts(cells("b", "a"), frames(given_rows))
    alone = validate_forecasts(cells("a"), frames([row for row in given_rows if row[1]["tenant_id"] == "a"]))
    for name, frame in together.items():
        assert frame.equals(shuffled[name]), name
        assert frame.filter(pl.col("tenant_id") == "a").equals(alone[name]), name


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8), st.integers(0, 3))
def test_a_days_figures_are_those_of_numpy(pairs: list[tuple[int, int]], seed: int) -> None:
    past = np.random.default_rng(seed).integers(0, 20, size=(len(pairs), 56)).astype(float)
    products = [f"p{n}" for n in range(len(pairs))]
    first: date = SUNDAY - timedelta(days=56)
    history = [
        sale(first + timedelta(days=day), product, past[row, day])
        for row, product in enumerate(products)
        for day in range(56)
    ]
    made = validate_forecasts(
        cells("t"),
        frames(
            [
                forecast(SUNDAY, SUNDAY, product, float(yhat))
                for product, (yhat, _) in zip(products, pairs, strict=True)
            ],
            [sale(SUNDAY, product, float(sold)) for product, (_, sold) in zip(products, pairs, strict=True)],
            history,
        ),
    )
    run = made["validation_runs"].row(0, named=True)
    yhat, sold = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    off = np.abs(yhat - sold)
    scale = np.abs(past[:, 7:] - past[:, :-7]).mean(axis=1)
    assert run["mae"] == pytest.approx(off.mean(), abs=1e-6)
    assert run["mase"] == pytest.approx((off / scale).mean(), abs=1e-4)
    if sold.sum():
        quantiles = {0.1: np.maximum(yhat - 2, 0), 0.5: yhat, 0.8: yhat + 1, 0.9: yhat + 2, 0.95: yhat + 3}
        losses = [np.where(sold > q, a * (sold - q), (1 - a) * (q - sold)).sum() for a, q in quantiles.items()]
        assert run["pinball"] == pytest.approx(np.mean(losses) / sold.sum(), abs=1e-5)
        assert run["wape"] == pytest.approx(off.sum() / sold.sum(), abs=1e-6)
