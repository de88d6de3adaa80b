"""Batches: minimum, multiple and maximum, with the numbers that others' planning systems give."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.production.lots import MAX_BATCHES, largest_lot, lot_rule, size_lots, split_batches
from bakery_assets.production.netting import NetRequirements
from tests.scenarios import filled


def need(
    net: float,
    minimum: float | None = None,
    maximum: float | None = None,
    multiple: float | None = None,
    unit: str = "piece",
) -> pl.DataFrame:
    row = {
        "tenant_id": "bakery", "product_id": "roll", "schedule_date": date(2026, 1, 5), "unit": unit, "is_open": True,
        "shelf_life_days": 1, "basis": "newsvendor", "days_covered": 1,
        **dict.fromkeys(("forecast", "demand", "target", "net_requirement"), net),
        "batch_min": minimum, "batch_max": maximum, "batch_multiple": multiple,
    }  # fmt: skip
    return filled(NetRequirements, [row])


def batches(net: float, *sizes: float | None, unit: str = "piece") -> list[float]:
    return split_batches(size_lots(need(net, *sizes, unit=unit))[0])["quantity_planned"].to_list()


def test_frepple_supplier_case_minimum_125_and_multiple_100_make_one_lot_of_200() -> None:
    """frePPLe test/supplier: on hand 10, demand 100, minimum 125, multiple 100: one order of 200."""
    assert batches(90, 125, None, 100) == [200]


@pytest.mark.parametrize(("net", "lot"), [(30, 30), (32, 36)])
def test_odoo_multiple_of_six(net: float, lot: float) -> None:
    """Odoo docs, maximum stock 40, multiple 6: forecast stock 10 needs 30, forecast stock 8 needs 32 and gets 36."""
    assert batches(net, None, None, 6) == [lot]


def test_requirements_are_consolidated_before_the_minimum_applies() -> None:
    """ERPNext #58710: three rows of 20 with a minimum of 100 are one lot of 100, not 300."""
    assert batches(20 + 20 + 20, 100) == [100]


@pytest.mark.parametrize(
    ("net", "sizes", "unit", "expected"),
    [
        (41.3, (None, None, None), "piece", [42]),  # whole pieces
        (1.23456, (None, None, None), "kg", [1.235]),  # never short by the rounding
        (0.0, (24, 48, 12), "piece", []),
        (1, (24, 48, 12), "piece", [24]),
        (70, (None, 40, 4), "piece", [36, 36]),  # even, not 40 and 32
        (100, (None, 40, None), "piece", [34, 33, 33]),
        (90, (20, 40, None), "piece", [30, 30, 30]),  # never 40, 40 and a last one of 10 below the minimum
        (50, (30, 40, None), "piece", [30, 30]),  # two halves of 25 would be too small: both are raised
        (45, (None, 47, 10), "piece", [30, 20]),  # the maximum rounds down to 40
        (0.1 * 3, (None, None, 0.1), "kg", [0.3]),  # 0.30000000000000004 is three tenths
        (0.1 * 3, (None, 0.3, None), "kg", [0.3]),
        (7, (0, 0, 0), "piece", [7]),  # zero sets no limit
        (15, (20, 10, None), "piece", [20]),  # contradiction: the smallest batch is used as the largest, too
        (45, (None, 10, 12), "piece", [12, 12, 12, 12]),
    ],
)
def test_a_net_requirement_becomes_these_batches(
    net: float, sizes: tuple[float | None, ...], unit: str, expected: list[float]
) -> None:
    assert batches(net, *sizes, unit=unit) == expected


def test_the_rule_says_what_shaped_the_lot() -> None:
    def rule(net: float, *sizes: float | None, unit: str = "piece") -> str:
        return str(size_lots(need(net, *sizes, unit=unit))[0].select(lot_rule()).item())

    assert rule(50, 30, 40) == (
        "rounded up to whole pieces; split evenly into 2 batches of at most 40; "
        "raised so that each batch reaches the smallest"
    )
    assert rule(5, 24, None, 12) == "raised to the smallest batch of 24; rounded up to a multiple of 12"
    assert rule(24, 24, None, 12) == "rounded up to a multiple of 12", "the smallest batch is reached, not raised to"
    assert rule(20, None, 40) == "rounded up to whole pieces"
    assert rule(0.3, None, None, 0.2, unit="kg") == "rounded up to a multiple of 0.2"
    assert rule(0.3, unit="kg") == "rounded up to 0.001 kg"
    assert rule(0.3, None, None, 0.0, unit="kg") == "rounded up to 0.001 kg", "a multiple of 0 sets no limit"
    assert rule(15, 20, 10).endswith("batch_max 10 is below the smallest batch, which is used instead")


@pytest.mark.parametrize(
    ("allows", "sizes", "unit", "largest"),
    [
        (0.0, (None, None, None), "piece", 0),
        (0.9, (None, None, None), "piece", 0),
        (1.0, (None, None, None), "piece", 1),
        (7.9, (None, None, None), "piece", 7),
        (30, (None, None, 12), "piece", 24),
        (11, (None, None, 12), "piece", 0),
        (30, (24, None, 12), "piece", 24),
        (23, (24, None, 12), "piece", 0),
        (70, (30, 40, None), "piece", 70),  # two of 35
        (50, (30, 40, None), "piece", 40),  # two would be too small
        (90, (30, 40, None), "piece", 90),  # three of exactly 30
        (85, (30, 40, None), "piece", 80),  # three would be too small: two of 40
        (29, (30, 40, None), "piece", 0),
        (0.0, (30, 40, None), "piece", 0),
        (2.3, (1, 2, 0.5), "kg", 2.0),
        (4.4, (1, 2, 0.5), "kg", 4.0),
        (0.7, (1, 2, 0.5), "kg", 0),
        (5.2, (2, 2, 0.5), "kg", 4.0),
    ],
)
def test_the_largest_lot_that_a_quantity_allows_keeps_the_sizes_of_batches(
    allows: float, sizes: tuple[float | None, ...], unit: str, largest: float
) -> None:
    lots, _ = size_lots(need(100, *sizes, unit=unit))
    assert lots.with_columns(allows=pl.lit(float(allows))).select(largest_lot("allows")).item() == largest


@pytest.mark.parametrize(
    ("sizes", "is_contradictory"),
    [
        ((20, 10, None), True),
        ((20, 20, None), False),
        ((20, None, None), False),
        ((None, 12, 12), False),
        ((None, 11, 12), True),
    ],
)
def test_sizes_contradict_each_other_only_where_the_largest_is_below_the_smallest(
    sizes: tuple[float | None, ...], is_contradictory: bool
) -> None:
    assert size_lots(need(15, *sizes))[0]["is_contradictory"].item() is is_contradictory


def test_noise_that_rounding_up_leaves_out_is_no_surplus_below_zero() -> None:
    """A billionth of a need is noise."""
    lots, _ = size_lots(need(500_000_000.4))
    assert lots.select("planned_quantity", "surplus").row(0) == (500_000_000, 0.0)


def test_as_many_batches_as_are_allowed_are_planned() -> None:
    assert len(batches(MAX_BATCHES, None, 1)) == MAX_BATCHES


@pytest.mark.parametrize("sizes", [(1, None, 1e-16), (None, 1, 1e-16)])
def test_sizes_too_fine_to_count_are_named_also_on_a_day_that_needs_nothing(sizes: tuple[float | None, ...]) -> None:
    lots, faults = size_lots(need(0, *sizes))
    assert lots.is_empty()
    assert faults["left_out_id"].to_list() == ["roll"]


@pytest.mark.parametrize("sizes", [(None, 0.001, None), (None, None, 1e-300)])
def test_a_slip_in_a_batch_size_is_named_and_not_planned(sizes: tuple[float | None, ...]) -> None:
    lots, faults = size_lots(need(500_000, *sizes, unit="kg"))
    assert lots.is_empty()
    assert faults.select("source_table", "source_row", "left_out", "left_out_id").row(0) == (
        "products", "product_id roll", "product", "roll",
    )  # fmt: skip
    assert faults["reason"][0].startswith("product roll would need more than 1000 batches, or batches too fine")
    assert faults["what_to_do"][0].startswith("correct its batch_min (empty), batch_max (")


size = st.one_of(st.none(), st.integers(0, 60).map(float), st.integers(1, 600).map(lambda tenths: tenths / 10))


@settings(max_examples=150, deadline=None)
@given(
    net=st.integers(0, 300_000).map(lambda thousandths: thousandths / 1000),
    minimum=size, maximum=st.one_of(st.none(), st.integers(5, 90).map(float)), multiple=size,
    unit=st.sampled_from(["piece", "kg"]),
)  # fmt: skip
def test_batches_cover_the_need_and_keep_every_limit(
    net: float, minimum: float | None, maximum: float | None, multiple: float | None, unit: str
) -> None:
    lot, _ = size_lots(need(net, minimum, maximum, multiple, unit))
    made = split_batches(lot)["quantity_planned"].to_list()
    increment = multiple or (1.0 if unit == "piece" else 0.001)
    assert bool(made) == (net > 0)
    assert sum(made) >= net - 1e-6
    assert sum(made) == pytest.approx(lot["planned_quantity"][0], abs=1e-4)
    for quantity in made:
        assert quantity >= (minimum or 0) - 1e-6
        assert quantity / increment == pytest.approx(round(quantity / increment), abs=1e-3)
        if maximum is not None and not lot["is_contradictory"][0]:
            assert quantity <= maximum + 1e-6
    if made:
        assert max(made) - min(made) <= increment + 1e-6
