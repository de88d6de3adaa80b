"""Units: the one place where quantities are converted from one unit into another.

Grams and kilograms, and milliliters and liters, always convert. A piece becomes a weight by what it weighs, a liter by
its density; both are given with the ingredient or the product, for no two eggs or oils are the same.
"""

from functools import cache

import polars as pl

_SIZES = {"piece": 1.0, "kg": 1.0, "g": 0.001, "l": 1.0, "ml": 0.001}  # in pieces, kilograms or liters
_MEASURES = {"piece": "count", "kg": "mass", "g": "mass", "l": "volume", "ml": "volume"}


@cache  # to build it costs more than to evaluate it, and a round asks for it two dozen times
def conversion_factor(from_unit: str, to_unit: str, piece_weight_kg: str, density_kg_per_l: str | None) -> pl.Expr:
    """What one ``from_unit`` is in ``to_unit``; null where it cannot be converted.

    Args:
        from_unit, to_unit: columns with one of ``schemas.columns.UNITS``.
        piece_weight_kg: column with kilograms a piece weighs, null: not known.
        density_kg_per_l: column with kilograms a liter weighs, null: not known; None: there is no such column.
    """
    sizes = _of(from_unit, _SIZES, pl.Float64) / _of(to_unit, _SIZES, pl.Float64)
    weights = _weight(from_unit, piece_weight_kg, density_kg_per_l) / _weight(
        to_unit, piece_weight_kg, density_kg_per_l
    )
    same = _of(from_unit, _MEASURES, pl.String) == _of(to_unit, _MEASURES, pl.String)
    return pl.when(same).then(sizes).otherwise(sizes * weights)


def conversion_hint(from_unit: str, to_unit: str, table: str, *, has_density: bool) -> pl.Expr:
    """What to do where two units cannot be converted, as the end of a sentence."""
    units = (pl.col(from_unit), pl.col(to_unit))
    by_piece = pl.any_horizontal(unit == "piece" for unit in units)
    by_volume = pl.any_horizontal(unit.is_in(["l", "ml"]) for unit in units)
    wanted = pl.concat_str(
        pl.when(by_piece).then(pl.lit(f"piece_weight_kg in {table}")),
        pl.when(by_volume & has_density).then(pl.lit(f"density_kg_per_l in {table}")),
        separator=" and ",
        ignore_nulls=True,
    )
    both = pl.lit("give both the same unit, or a pair of g and kg, or ml and l")
    can_be_given = ~by_volume | has_density
    return pl.when(can_be_given).then(pl.format("{}; or give {}", both, wanted)).otherwise(both)


def _of(unit: str, mapping: dict[str, float] | dict[str, str], kind: type[pl.DataType]) -> pl.Expr:
    return pl.col(unit).replace_strict(list(mapping), list(mapping.values()), default=None, return_dtype=kind)


def _weight(unit: str, piece_weight_kg: str, density_kg_per_l: str | None) -> pl.Expr:
    """Kilograms of one piece, kilogram or liter."""
    measure = _of(unit, _MEASURES, pl.String)
    density = pl.lit(None, pl.Float64) if density_kg_per_l is None else pl.col(density_kg_per_l)
    return (
        pl.when(measure == "mass")
        .then(1.0)
        .when(measure == "count")
        .then(pl.col(piece_weight_kg))
        .when(measure == "volume")
        .then(density)
    )
