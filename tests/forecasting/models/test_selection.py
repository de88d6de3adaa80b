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
NOT_SELDOM = np.zeros(2, dtype=bool)


def off_by(*errors: dict[str, float], usual: float = 10.0) -> tuple[Floats, Floats]:
    """Forecasts and sales of a series each: 10 a day, forecast too high by so much, by 5 where nothing is given."""
    sold = np.full((len(errors), DAYS), usual, dtype=np.float32)
    forecasts = np.stack(
        [np.stack([sold[row] + given.get(name, 5.0) for row, given in enumerate(errors)]) for name in BLEND_NAMES]
    )
    return forecasts.astype(np.float32), sold


def chosen(forecasts: Floats, sold: Floats, incumbent: str | None = None, *, seldom: bool = False) -> list[str]:
    count = len(sold)
    use = np.full(count, -1 if incumbent is None else BLEND_NAMES.index(incumbent))
    found = choose(forecasts, sold, np.zeros(count, dtype=np.int64), 1, use, np.full(count, seldom))
    return [BLEND_NAMES[number] for number in found.chosen]


def test_the_shares_of_every_blend_sum_to_one() -> None:
    assert len(MEMBERS) == 4
    for shares in BLENDS.values():
        assert sum(shares) == pytest.approx(1.0)


def test_another_model_takes_a_series_over_from_the_one_in_use_by_the_margin_only() -> None:
    assert MARGIN == 0.08
    assert chosen(*off_by({"smoothing": 1.0, "trees": 0.93}), incumbent="smoothing") == ["smoothing"]
    assert chosen(*off_by({"smoothing": 1.0, "trees": 0.91}), incumbent="smoothing") == ["trees"]
    assert chosen(*off_by({"smoothing": 1.0, "trees": 1.0}), incumbent="smoothing") == ["smoothing"]


def test_a_new_series_has_the_usual_blend_and_an_intermittent_one_its_own_unless_another_is_clearly_closer() -> None:
    slightly, clearly = off_by({"trees": 4.7}), off_by({"trees": 4.5})
    assert chosen(*slightly) == ["trees_and_smoothing"]
    assert chosen(*slightly, seldom=True) == ["intermittent"]
    assert chosen(*clearly) == chosen(*clearly, seldom=True) == ["trees"]
    # The one in use comes first.
    assert chosen(*slightly, incumbent="smoothing", seldom=True) == ["smoothing"]
    forecasts, sold = off_by({"trees": 4.7}, {"trees": 4.7})
    found = choose(forecasts, sold, np.zeros(2, dtype=np.int64), 1, np.array([-1, -1]), np.array([True, False]))
    assert [BLEND_NAMES[number] for number in found.chosen] == ["intermittent", "trees_and_smoothing"]


def test_errors_are_shrunk_towards_the_tenants() -> None:
    # For the bakery as a whole gradient boosting is best: one series is twenty times the others.
    small, large = {"trees": 2.0, "smoothing": 1.0}, {"trees": 1.0, "smoothing": 2.0}
    forecasts, sold = off_by(small, large)
    forecasts[:, 1] = (forecasts[:, 1] - sold[1]) * 20 + 200
    sold[1] = 200
    found = choose(forecasts, sold, np.zeros(2, dtype=np.int64), 1, np.array([-1, -1]), NOT_SELDOM)
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


def test_a_series_without_errors_follows_its_tenants_where_another_blend_is_clearly_closer() -> None:
    forecasts, sold = off_by({"smoothing": 0.0}, {"level_smoothing": 1.0})
    sold[0] = np.nan
    assert chosen(forecasts, sold) == ["level_smoothing", "level_smoothing"]
    use = np.array([BLEND_NAMES.index("intermittent"), -1])
    found = choose(forecasts, sold, np.zeros(2, dtype=np.int64), 1, use, NOT_SELDOM)
    # All that is known is its tenant's, and by that another is closer by more than the margin.
    assert BLEND_NAMES[found.chosen[0]] == "level_smoothing"
    forecasts, sold = off_by({"smoothing": 0.0}, {"level_smoothing": 4.7})
    sold[0] = np.nan
    assert chosen(forecasts, sold) == ["trees_and_smoothing"] * 2


def test_a_tie_goes_to_the_model_in_use_and_else_to_the_usual_one() -> None:
    forecasts, sold = off_by({})
    assert chosen(forecasts, sold) == ["trees_and_smoothing"]
    assert chosen(forecasts, sold, seldom=True) == ["intermittent"]
    assert chosen(forecasts, sold, "intermittent") == ["intermittent"]


def test_where_nothing_sold_the_model_in_use_stays() -> None:
    forecasts, sold = off_by({"trees": 0.1}, usual=0.0)
    assert chosen(forecasts, sold, "smoothing") == ["smoothing"]
    assert chosen(forecasts, sold) == ["trees_and_smoothing"]
    assert chosen(forecasts, sold, seldom=True) == ["intermittent"]


def test_a_model_without_forecasts_is_never_chosen() -> None:
    forecasts, sold = off_by({"smoothing": 3.0})
    forecasts[BLEND_NAMES.index("trees")] = np.nan
    assert chosen(forecasts, sold) == ["smoothing"]
    assert chosen(forecasts, sold, "trees") == ["smoothing"]


def test_tenants_do_not_choose_for_each_other() -> None:
    forecasts, sold = off_by({"trees": 1.0}, {"smoothing": 1.0})
    both = choose(forecasts, sold, np.array([0, 1]), 2, np.array([-1, -1]), NOT_SELDOM)
    assert [BLEND_NAMES[number] for number in both.chosen] == ["trees", "smoothing"]
    for row in range(2):
        alone = choose(forecasts[:, row : row + 1], sold[row : row + 1], ONE, 1, NONE, NOT_SELDOM[:1])
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
    assert made["trees_and_smoothing"] == pytest.approx(
        [(0.1 * 20 + 0.35 * 30) / 0.45, 0.55 * 10 + 0.1 * 20 + 0.35 * 40]
    )
    assert made["smoothing"] == pytest.approx([(0.25 * 20 + 0.6 * 30) / 0.85, 0.15 * 10 + 0.25 * 20 + 0.6 * 40])
    assert made["trees"] == pytest.approx([(0.05 * 20 + 0.15 * 30) / 0.2, 0.8 * 10 + 0.05 * 20 + 0.15 * 40])
    assert made["intermittent"] == pytest.approx([nan, 0.1 * 10 + 0.9 * 50], nan_ok=True)
    nothing = {name: np.full((1, 2), nan, dtype=np.float32) for name in MEMBERS}
    assert np.isnan(blend_forecasts(nothing)).all()


def test_each_series_has_the_mean_of_its_own_weights() -> None:
    members = np.arange(8, dtype=np.float32).reshape(4, 2, 1)
    weights = np.array([[1, 0], [0, 0.5], [0, 0.5], [0, 0]], dtype=np.float32)
    assert weighted_mean(members, weights)[:, 0].tolist() == [0.0, 4.0]


def test_the_best_alpha_is_the_closest_on_the_days_that_count() -> None:
    sold = np.array([[1.0, np.nan, 3.0], [np.nan] * 3], dtype=np.float32)
    grid = np.array([[[1, 9, 1], [1, 1, 1]], [[2, 0, 3], [2, 2, 2]]], dtype=np.float32)
    # The second has sold nothing yet and takes its tenant's; without any, the first point.
    assert best_alpha(grid, sold, np.array([0, 0]), 1).tolist() == [1, 1]
    assert best_alpha(grid, sold, np.array([0, 1]), 2).tolist() == [1, 0]


@pytest.mark.parametrize(("errors", "best"), [((1.0, 1.2), 1), ((0.0, 5.0), 0)])
def test_a_series_leaves_its_tenants_alpha_by_clear_evidence_only(errors: tuple[float, float], best: int) -> None:
    # 56 days of 10 next to 56 of 1000, of which the second point is closer: 100 off, the first 150.
    sold = np.stack([np.full(DAYS, 10.0), np.full(DAYS, 1000.0)]).astype(np.float32)
    off = np.array([[errors[0], 150.0], [errors[1], 100.0]], dtype=np.float32)
    of_tenant = (off.sum(axis=1) / 1010).tolist()
    # 224 days of the tenant's errors count as much as 224 days of its own would.
    shrunk = [(56 * own + 2240 * of_all) / (560 + 2240) for own, of_all in zip(errors, of_tenant, strict=True)]
    assert shrunk.index(min(shrunk)) == best
    forecasts = sold[None] + off[:, :, None]
    assert best_alpha(forecasts, sold, np.array([0, 0]), 1).tolist() == [best, 1]
