"""Units that convert by themselves, and those that need the weight of a piece or a density."""

import polars as pl
import pytest

from bakery_assets.materials.units import conversion_factor


@pytest.mark.parametrize(
    ("given", "wanted", "piece", "density", "factor"),
    [
        ("g", "kg", None, None, 0.001),
        ("kg", "g", None, None, 1000.0),
        ("ml", "l", 0.06, 1.03, 0.001),
        ("piece", "piece", None, None, 1.0),
        ("piece", "kg", 0.055, None, 0.055),  # an egg
        ("kg", "piece", 0.05, None, 20.0),
        ("kg", "l", None, 1.25, 0.8),
        ("ml", "g", None, 0.92, 0.92),  # oil
        ("piece", "l", 0.5, 1.25, 0.4),
        ("piece", "kg", None, 1.03, None),
        ("kg", "l", 0.055, None, None),
        ("piece", "l", None, 1.03, None),
        ("kg", "bag", 1.0, 1.0, None),
    ],
)
def test_a_quantity_in_another_unit(
    given: str, wanted: str, piece: float | None, density: float | None, factor: float | None
) -> None:
    row = pl.DataFrame(
        {"given": given, "wanted": wanted, "piece": piece, "density": density},
        schema_overrides={"piece": pl.Float64, "density": pl.Float64},
    )
    found = row.select(conversion_factor("given", "wanted", "piece", "density")).item()
    assert found == (None if factor is None else pytest.approx(factor, rel=1e-12))


def test_liters_of_a_product_have_no_weight() -> None:
    row = pl.DataFrame({"given": ["l", "ml"], "wanted": ["kg", "l"], "piece": [1.0, 1.0]})
    assert row.select(conversion_factor("given", "wanted", "piece", None)).to_series().to_list() == [None, 0.001]
