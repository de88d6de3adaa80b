"""Jumps: days of a till's export that are about a thousand times, or a hundred times, what the bakery usually sells.

No bakery grows so in a day; a decimal sign that was misread makes such figures: 1.250 kg become 1,250, and 12,50 become
1,250. Three decimals make a factor of a thousand, which a day alone shows, as long as what its articles usually sell
is known. Two make one of a hundred, which has to be the same for most of what the file tells.
"""

from dataclasses import dataclass
from datetime import date

import dataframely as dy
import polars as pl

from bakery_assets.schemas import columns as col

KNOWN_DAYS = 5  # days with sales of an article from which its usual sales follow
AROUND_DAYS = 56  # days before and after those of a file whose sales are looked at
THOUSAND = 400.0  # and more: "about a thousand", since a day sells a third to three times of another
HUNDRED = 50.0
MANY = 10  # days of articles that have to agree on a factor of a hundred
ALIKE, WITHIN = 0.8, 3.0  # share of them that are so near to the factor
_PRODUCT = ["product_id", "location_id"]


class UsualSales(dy.Schema):
    """What an article sells in a shop on a day on which it sells, as the median."""

    product_id = col.key_text("The product", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    days = dy.Int64(description="Days with sales that it follows from")
    quantity = col.number("Units", minimum=None)
    unit_revenue = col.number("Revenue of one unit; empty: not known", minimum=None, nullable=True)


@dataclass(frozen=True)
class Jump:
    """A file's day that is out of proportion.

    Attributes:
        measure: ``quantity``, or ``unit_revenue`` where the takings of one unit are.
        factor: the day's figures over the usual ones; a median over articles.
        value, usual: of ``article``, an example.
    """

    measure: str
    day: date
    location: str
    factor: float
    article: str
    value: float
    usual: float


def find_jump(days: pl.DataFrame, usual: dy.DataFrame[UsualSales]) -> Jump | None:
    """The first day of a file that is out of proportion; None: there is none, or too little is known to tell.

    Takings are looked at by the unit: a day that is reported in part has less of them. Quantities that are too small
    tell of a misread sign only where they are fractions.

    Args:
        days: ``product_id, location_id, sales_date, quantity, revenue`` of the file.
        usual: what the bakery sells on other days.
    """
    sold = days.filter(pl.col("quantity") > 0).with_columns(unit_revenue=pl.col("revenue") / pl.col("quantity"))
    known = sold.join(usual.filter(pl.col("days") >= KNOWN_DAYS), on=_PRODUCT, suffix="_usual")
    for measure in ("quantity", "unit_revenue"):
        value, before = pl.col(measure), pl.col(f"{measure}_usual")
        ratios = known.filter((value > 0) & (before > 0)).with_columns(ratio=value / before)
        if measure == "quantity":
            ratios = ratios.filter((value > before) | (value % 1 != 0))
        found = _thousand(ratios)
        found = _hundred(ratios) if found.is_empty() else found
        if found.height:
            return _described(measure, found)
    return None


def _thousand(ratios: pl.DataFrame) -> pl.DataFrame:
    """Rows of days whose articles are, in the median, a thousand times or a thousandth of what is usual."""
    with_median = ratios.with_columns(factor=pl.col("ratio").median().over("location_id", "sales_date"))
    return with_median.filter((pl.col("factor") >= THOUSAND) | (pl.col("factor") <= 1 / THOUSAND))


def _hundred(ratios: pl.DataFrame) -> pl.DataFrame:
    """All rows, where they are many and agree on a factor of a hundred."""
    if ratios.height < MANY:
        return ratios.clear()
    spread = pl.col("ratio") / pl.col("ratio").median()
    alike = spread.is_between(1 / WITHIN, WITHIN).mean().alias("alike")
    factor, share = ratios.select(pl.col("ratio").median(), alike).row(0)
    if share < ALIKE or 1 / HUNDRED < factor < HUNDRED:
        return ratios.clear()
    return ratios.with_columns(factor=pl.lit(factor))


def _described(measure: str, found: pl.DataFrame) -> Jump:
    distance = (pl.col("ratio") / pl.col("factor")).log().abs()
    first = found.sort("sales_date", "location_id", distance, "product_id").row(0, named=True)
    return Jump(
        measure,
        first["sales_date"],
        first["location_id"],
        first["factor"],
        first["product_id"],
        first[measure],
        first[f"{measure}_usual"],
    )


def jump_sentence(file: str, jump: Jump, sign: str) -> str:
    """Why a file is held back, and which option settles it.

    Args:
        sign: the decimal sign by which the figures were read.
    """
    size = 1_000 if max(jump.factor, 1 / jump.factor) >= THOUSAND else 100
    times = f"about {size:,} times" if jump.factor > 1 else f"about a {'thousandth' if size > 100 else 'hundredth'} of"
    value, usual = f"{jump.value:,.6g}", f"{jump.usual:,.6g}"
    if jump.measure == "quantity":
        what, example = "quantities", f"{value} of {jump.article} instead of {usual}"
    else:
        what, example = "takings", f"{value} for one {jump.article} instead of {usual}"
    return (
        f"{file}: the {what} of {jump.day} ({jump.location}) are {times} what is usual, for example {example}."
        f" Nothing was imported. Numbers were read with '{sign}' before the decimals: if that is wrong, give --decimal"
        f" '{'.' if sign == ',' else ','}'; if the figures are right, give --accept-jump."
    )
