"""Which blend a series takes."""

import numpy as np
import pytest

from bakery_assets.forecasting.data.panel import Floats
from bakery_assets.forecasting.models.selection import (
    BLEND_NAMES,
    BLENDS,
    MARGIN,
    MEMBERS,
    best_alpha,
    blend_forecasts,
    choose,
    weighted_mean,
)

DAYS = 56
ONE = np.zeros(1, dtype=np.int64)
NONE = np.array([-1])


def off_by(*errors: dict[str, float], usual: float = 10.0) -> tuple[Floats, Floats]:
    """Forecasts and sales of a series each: 10 a day, forecast too high by so much, by 5 where nothing is given."""
    sold = np.full((len(errors), DAYS), usual, dtype=np.float32)
    forecasts = np.stack(
        [np.stack([sold[row] + given.get(name, 5.0) for row, given in enumerate(errors)]) for name in BLEND_NAMES]
    )
    return forecasts.astype(np.float32), sold


def chosen(forecasts: Floats, sold: Floats, incumbent: str | None = None) -> list[str]:
    count = len(sold)
    use = np.full(count, -1 if incumbent is None else BLEND_NAMES.index(incumbent))
    found = choose(forecasts, sold, np.zeros(count, dtype=np.int64), 1, use)
    return [BLEND_NAMES[number] for number in found.chosen]


def test_the_shares_of_every_blend_sum_to_one() -> None:
    assert len(MEMBERS) == 4
    for shares in BLENDS.values():
        assert sum(shares) == pytest.approx(1.0)


def test_another_model_takes_a_series_over_from_the_one_in_use_by_the_margin_only() -> None:
    assert MARGIN == 0.03
    assert chosen(*off_by({"smoothing": 1.0, "trees": 0.98}), incumbent="smoothing") == ["smoothing"]
    assert chosen(*off_by({"smoothing": 1.0, "trees": 0.96}), incumbent="smoothing") == ["trees"]
    assert chosen(*off_by({"smoothing": 1.0, "trees": 1.0}), incumbent="smoothing") == ["smoothing"]


def test_a_new_series_has_its_tenants_best_unless_another_is_clearly_closer() -> None:
    # For the bakery as a whole gradient boosting is best: one series is twenty times the others.
    small, large = {"trees": 2.0, "smoothing": 1.0}, {"trees": 1.0, "smoothing": 2.0}
    forecasts, sold = off_by(small, large)
    forecasts[:, 1] = (forecasts[:, 1] - sold[1]) * 20 + 200
    sold[1] = 200
    found = choose(forecasts, sold, np.zeros(2, dtype=np.int64), 1, np.array([-1, -1]))
    assert [BLEND_NAMES[number] for number in found.chosen] == ["smoothing", "trees"]
    # 56 days of its own and 28 of its tenant's, whose WAPE is (56 x 2 + 56 x 20) / (56 x 210).
    of_tenant = (2 + 20) / 210
    shrunk = (56 * 2 + 28 * 10 * of_tenant) / (56 * 10 + 28 * 10)
    trees = BLEND_NAMES.index("trees")
    assert found.tenant_wape[trees, 0] == pytest.approx(of_tenant)
    assert found.shrunk_wape[trees, 0] == pytest.approx(shrunk)


def test_a_few_days_of_errors_do_not_make_a_series_leave_its_tenants_choice() -> None:
    forecasts, sold = off_by({"trees": 1.0, "smoothing": 0.5}, {"trees": 0.1, "smoothing": 1.0})
    forecasts[:, 1] = (forecasts[:, 1] - 10) * 30 + 300
    sold[1] = 300
    sold[0, :-2] = np.nan
    assert chosen(forecasts, sold) == ["trees", "trees"]
    forecasts, sold = off_by({"trees": 1.0, "smoothing": 0.5}, {"trees": 0.1, "smoothing": 1.0})
    assert chosen(forecasts, sold)[0] == "smoothing", "with all of its days it does"


def test_a_series_without_errors_has_its_tenants_best_or_keeps_its_own() -> None:
    forecasts, sold = off_by({"smoothing": 0.0}, {"level_smoothing": 1.0})
    sold[0] = np.nan
    assert chosen(forecasts, sold) == ["level_smoothing", "level_smoothing"]
    found = choose(forecasts, sold, np.zeros(2, dtype=np.int64), 1, np.array([BLEND_NAMES.index("intermittent"), -1]))
    # All that is known is its tenant's, and by that another is closer by more than the margin.
    assert BLEND_NAMES[found.chosen[0]] == "level_smoothing"


def test_a_tie_goes_to_the_model_in_use_and_else_to_the_first() -> None:
    forecasts, sold = off_by({})
    assert chosen(forecasts, sold) == [BLEND_NAMES[0]]
    assert chosen(forecasts, sold, "intermittent") == ["intermittent"]


def test_where_nothing_sold_the_model_in_use_stays() -> None:
    forecasts, sold = off_by({"trees": 0.1}, usual=0.0)
    assert chosen(forecasts, sold, "smoothing") == ["smoothing"]
    assert chosen(forecasts, sold) == [BLEND_NAMES[0]]


def test_a_model_without_forecasts_is_never_chosen() -> None:
    forecasts, sold = off_by({"smoothing": 3.0})
    forecasts[BLEND_NAMES.index("trees")] = np.nan
    assert chosen(forecasts, sold) == ["smoothing"]
    assert chosen(forecasts, sold, "trees") == ["smoothing"]


def test_tenants_do_not_choose_for_each_other() -> None:
    forecasts, sold = off_by({"trees": 1.0}, {"smoothing": 1.0})
    both = choose(forecasts, sold, np.array([0, 1]), 2, np.array([-1, -1]))
    assert [BLEND_NAMES[number] for number in both.chosen] == ["trees", "smoothing"]
    for row in range(2):
        alone = choose(forecasts[:, row : row + 1], sold[row : row + 1], ONE, 1, NONE)
        np.testing.assert_array_equal(alone.shrunk_wape[:, 0], both.shrunk_wape[:, row])


def test_a_member_without_a_number_is_left_out_of_a_blend() -> None:
    nan = np.nan
    members = {
        "trees": np.array([[nan, 10.0]], dtype=np.float32),
        "seasonal": np.array([[20.0, 20.0]], dtype=np.float32),
        "level": np.array([[30.0, 40.0]], dtype=np.float32),
        "tsb": np.array([[nan, 50.0]], dtype=np.float32),
    }
    made = dict(zip(BLEND_NAMES, blend_forecasts(members)[:, 0].tolist(), strict=True))
    assert made["trees_and_smoothing"] == pytest.approx([25.0, 0.7 * 10 + 0.15 * 20 + 0.15 * 40])
    assert made["smoothing"] == pytest.approx([25.0, 30.0])
    assert made["trees"] == pytest.approx([nan, 10.0], nan_ok=True)
    assert made["intermittent"] == pytest.approx([nan, 50.0], nan_ok=True)


def test_each_series_has_the_mean_of_its_own_weights() -> None:
    members = np.arange(8, dtype=np.float32).reshape(4, 2, 1)
    weights = np.array([[1, 0], [0, 0.5], [0, 0.5], [0, 0]], dtype=np.float32)
    assert weighted_mean(members, weights)[:, 0].tolist() == [0.0, 4.0]


def test_the_best_alpha_is_the_closest_on_the_days_that_count() -> None:
    sold = np.array([[1.0, np.nan, 3.0], [np.nan] * 3], dtype=np.float32)
    grid = np.array([[[1, 9, 1], [1, 1, 1]], [[2, 0, 3], [2, 2, 2]]], dtype=np.float32)
    assert best_alpha(grid, sold).tolist() == [1, 0]
