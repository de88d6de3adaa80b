"""The width of a forecast, from past errors."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from bakery_assets.forecasting.intervals import ENOUGH_RESIDUALS, LEVELS, USUAL, spreads, with_quantiles

SERIES = {"tenant_id": "t", "location_id": "main"}


def errors(product: str, z: list[float], usual: float = 10.0) -> pl.DataFrame:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(len(z))]
    return pl.DataFrame({"date": days, "z": z}).select(
        **{name: pl.lit(value) for name, value in SERIES.items()},
        product_id=pl.lit(product), date="date", usual=pl.lit(usual), z="z",
    )  # fmt: skip


def of(product: str, known: pl.DataFrame) -> dict[str, object]:
    series = pl.DataFrame({**SERIES, "product_id": product})
    return spreads(series, known).row(0, named=True)


def test_a_series_with_enough_errors_has_its_own_quantiles() -> None:
    z = [((7 * n) % 40 - 15) / 10 for n in range(40)]
    found = of("bread", pl.concat([errors("bread", z), errors("cake", [9.0] * 40)]))
    assert (found["spread"], found["spread_days"]) == ("own", 40)
    for name, level in LEVELS.items():
        assert found[f"z_{name}"] == pytest.approx(np.quantile(z, level))


def test_one_with_too_few_shares_its_tenants() -> None:
    z = [0.1 * n for n in range(ENOUGH_RESIDUALS - 1)]
    found = of("bread", pl.concat([errors("bread", z), errors("cake", [5.0] * 3)]))
    assert found["spread"] == "tenant"
    assert found["z_q50"] == pytest.approx(np.quantile([*z, 5.0, 5.0, 5.0], 0.5))


def test_a_new_bakery_has_the_usual_ones() -> None:
    found = of("bread", errors("bread", [0.1] * 3))
    assert found["spread"] == "usual"
    assert {name: found[f"z_{name}"] for name in LEVELS} == USUAL


def test_quantiles_are_the_forecast_and_scaled_errors_and_never_negative() -> None:
    z = {"z_q10": -2.0, "z_q50": 0.0, "z_q80": 0.5, "z_q90": 1.0, "z_q95": 1.5}
    rows = pl.DataFrame({"yhat": [24.0], "base": [12.0], "factor": [2.0], "usual": [8.0], **z})
    found = with_quantiles(rows).row(0, named=True)
    # A normal day of 12 and a series of 8 have a scale of 10, and the factor doubles it.
    assert [found[name] for name in ("scale", *LEVELS)] == [20.0, 0.0, 24.0, 34.0, 44.0, 54.0]
