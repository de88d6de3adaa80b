"""Lot sizing: from a net requirement to batches that a bakery can make.

What is required is worked out in ``netting``; which batch is baked first is in ``batches``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import plain_number
from bakery_assets.keys import PRODUCT_DAY
from bakery_assets.materials.recipe_faults import FoundFaults
from bakery_assets.production.netting import NetRequirements
from bakery_assets.quantities import DECIMALS, TOLERANCE, equal
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

MAX_BATCHES = 1_000  # of one product on one day; more is a slip in a batch size, and would fill the memory
MAX_INCREMENTS = 1e15  # so that counting stays exact in 64-bit numbers
NOISE = 1e-9  # relative: three times 0.1 is one batch of 0.3, not one and a bit


class Lots(NetRequirements):
    """Net requirements with what is baked for them, in the product's unit."""

    batches = col.integer("Batches; 0 where nothing is required", maximum=MAX_BATCHES)
    increment = col.number("What batch sizes are counted in")
    increments = dy.Int64(min=0, description="Size of all batches together, in increments")
    smallest = col.number("Smallest batch allowed")
    largest = col.number("Largest batch allowed; empty: any", nullable=True)
    planned_quantity = col.number("Sum of the batches")
    surplus = col.number("Planned quantity beyond the net requirement, by rounding up")
    is_contradictory = col.boolean("batch_max is below the smallest batch, which is used instead")
    is_raised_to_split = col.boolean("Raised so that each batch reaches the smallest")

    @dy.rule()
    def lots_cover_the_net_requirement(cls) -> pl.Expr:
        """planned_quantity = net_requirement + surplus, to the noise of floating numbers."""
        surplus = pl.col("planned_quantity") - pl.col("net_requirement")
        is_covered = surplus >= -NOISE * pl.col("net_requirement") - TOLERANCE
        return is_covered & equal("surplus", surplus.clip(0.0))

    @dy.rule()
    def batches_are_made_of_what_is_required(cls) -> pl.Expr:
        """No batches where nothing is required, and the reverse."""
        return (pl.col("batches") > 0) == (pl.col("net_requirement") > 0)


class Batches(Lots):
    """Lots, with one row for each batch that they are split into."""

    batch = col.integer("Number of the batch, 1 to batches", minimum=1, maximum=MAX_BATCHES, primary_key=True)
    quantity_planned = col.number("Quantity to bake")

    @dy.rule()
    def batches_add_up(cls) -> pl.Expr:
        """The batches of a lot make its planned quantity."""
        difference = pl.col("quantity_planned").sum().over(PRODUCT_DAY) - pl.col("planned_quantity")
        return difference.abs() <= TOLERANCE * pl.col("batches")

    @dy.rule()
    def batches_keep_their_limits(cls) -> pl.Expr:
        """smallest <= quantity_planned <= largest."""
        size = pl.col("quantity_planned")
        return (size >= pl.col("smallest") - TOLERANCE) & (size <= pl.col("largest").fill_null(size) + TOLERANCE)


def size_lots(net: dy.DataFrame[NetRequirements]) -> tuple[dy.DataFrame[Lots], dy.DataFrame[FoundFaults]]:
    """Turn each net requirement into batches, rows in the same order: minimum, multiple, then the split at the maximum.

    The requirement of a product and day is one sum before anything is rounded (consolidate first, as ERP
    systems should: ERPNext #58710). All sizes are counted in *increments*: the batch multiple; without one, whole
    pieces for products sold by the piece and thousandths of the unit for the others.

    1. total = net requirement, raised to ``batch_min``, rounded up to increments.
    2. n = total / batch_max rounded up, where ``batch_max`` is rounded down to increments.
    3. If n batches of at least ``batch_min`` make more than the total, the total is raised to n minima, so that
       every batch keeps minimum, maximum and multiple at once, as frePPLe asks of each operation plan.
    4. The total is split as evenly as increments allow, larger batches first (``split_batches``).

    An empty or zero attribute sets no limit. Where ``batch_max`` lies below the minimum or the multiple, they
    contradict each other: the smallest allowed batch is then also the largest, and ``is_contradictory`` is true, for
    one slip in a product's sizes should not cost the bakery the plan of its other products.

    Returns:
        The lots, and the faults of products that have none: sizes that would ask for more than ``MAX_BATCHES``
        batches on a day, or too fine to count.
    """
    sized, implausible = with_lot_sizes(net)
    return conform(Lots, sized), _faults(implausible)


def with_lot_sizes(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with the columns that ``Lots`` adds, and rows of which no lot can be made, as in ``size_lots``.

    Args:
        rows: ``net_requirement, unit, batch_min, batch_max, batch_multiple``, and whatever else.
    """
    counted = _in_increments(rows)
    one = (pl.col("net_requirement") > 0).cast(pl.Float64)
    counted = counted.with_columns(
        batches=pl.when(pl.col("most").is_not_null()).then(_up(pl.col("required") / pl.col("most"))).otherwise(one)
    )
    is_implausible = (pl.col("batches") > MAX_BATCHES) | (
        pl.max_horizontal("required", "least", "most") > MAX_INCREMENTS
    )
    sized = (
        counted.filter(~is_implausible)
        .with_columns(increments=pl.max_horizontal("required", pl.col("batches") * pl.col("least")).cast(pl.Int64))
        .with_columns(
            is_raised_to_split=pl.col("increments") > pl.col("required"),
            planned_quantity=(pl.col("increments") * pl.col("increment")).round(DECIMALS),
            smallest=(pl.col("least") * pl.col("increment")).round(DECIMALS),
            largest=(pl.col("most") * pl.col("increment")).round(DECIMALS),
        )
        .with_columns(surplus=(pl.col("planned_quantity") - pl.col("net_requirement")).clip(0.0).round(DECIMALS))
    )
    return sized, counted.filter(is_implausible)


def largest_lot(quantity: str) -> pl.Expr:
    """The largest lot of at most the quantity in a column that keeps the sizes of batches, 0 if none does; for rows of
    ``Lots``."""
    increment = pl.col("increment")
    least, most = (pl.col("smallest") / increment).round(), (pl.col("largest") / increment).round()
    counted = _down(pl.col(quantity) / increment)
    batches = _up(counted / most).fill_null(1.0)
    fewer = ((batches - 1.0) * most).fill_null(0.0)
    is_possible = (counted > 0) & (batches * least <= counted)
    return (pl.when(is_possible).then(counted).otherwise(fewer.clip(0.0)) * increment).round(DECIMALS)


def split_batches(lots: dy.DataFrame[Lots]) -> dy.DataFrame[Batches]:
    """One row per batch, in the order of the lots, split evenly in increments; a lot without batches has no row."""
    each, over = pl.col("increments") // pl.col("batches"), pl.col("increments") % pl.col("batches")
    larger = (pl.col("batch") <= over).cast(pl.Int64)
    batches = (
        lots.filter(pl.col("batches") > 0)
        .with_columns(batch=pl.int_ranges(1, pl.col("batches") + 1))
        .explode("batch", empty_as_null=True, keep_nulls=True)
        .with_columns(quantity_planned=((each + larger) * pl.col("increment")).round(DECIMALS))
    )
    return conform(Batches, batches)


def lot_rule() -> pl.Expr:
    """The rules that shaped a lot as a sentence, for rows of ``Lots``."""
    unit = pl.col("unit")
    rounding = (
        pl.when(pl.col("batch_multiple") > 0)
        .then(pl.format("rounded up to a multiple of {}", plain_number("increment")))
        .when(unit == "piece")
        .then(pl.lit("rounded up to whole pieces"))
        .otherwise(pl.format("rounded up to 0.001 {}", unit))
    )
    minimum = pl.when(pl.col("net_requirement") < pl.col("batch_min")).then(
        pl.format("raised to the smallest batch of {}", plain_number("smallest"))
    )
    split = pl.when(pl.col("batches") > 1).then(
        pl.format("split evenly into {} batches of at most {}", pl.col("batches"), plain_number("largest"))
    )
    raised = pl.when(pl.col("is_raised_to_split")).then(pl.lit("raised so that each batch reaches the smallest"))
    contradiction = pl.when(pl.col("is_contradictory")).then(
        pl.format("batch_max {} is below the smallest batch, which is used instead", plain_number("batch_max"))
    )
    return pl.concat_str(minimum, rounding, split, raised, contradiction, separator="; ", ignore_nulls=True)


def _in_increments(net: pl.DataFrame) -> pl.DataFrame:
    """Adds ``increment`` and ``is_contradictory``, and counted in increments: what is ``required``, and ``least`` and
    ``most`` of a batch (``most`` is empty where there is no limit)."""
    increment = (
        pl.when(pl.col("batch_multiple") > 0)
        .then(pl.col("batch_multiple"))
        .otherwise(pl.when(pl.col("unit") == "piece").then(1.0).otherwise(0.001))
    )
    has_maximum = (pl.col("batch_max") > 0).fill_null(value=False)
    counted = net.with_columns(increment=increment).with_columns(
        least=pl.max_horizontal(_up(pl.col("batch_min").fill_null(0.0) / pl.col("increment")), 1.0),
        most=pl.when(has_maximum).then(_down(pl.col("batch_max") / pl.col("increment"))),
        required=_up(pl.col("net_requirement") / pl.col("increment")),
    )
    return counted.with_columns(
        is_contradictory=(pl.col("most") < pl.col("least")).fill_null(value=False),
        most=pl.max_horizontal("most", pl.when(has_maximum).then("least")),
        required=pl.when(pl.col("net_requirement") > 0).then(pl.max_horizontal("required", "least")).otherwise(0.0),
    )


def _up(count: pl.Expr) -> pl.Expr:
    return (count * (1 - NOISE)).ceil()


def _down(count: pl.Expr) -> pl.Expr:
    return (count * (1 + NOISE)).floor()


def _faults(implausible: pl.DataFrame) -> dy.DataFrame[FoundFaults]:
    """What is wrong with the sizes of lots that cannot be made."""
    found = implausible.with_columns(
        source_table=pl.lit("products"),
        source_row=pl.format("product_id {}", "product_id"),
        left_out=pl.lit("product"),
        left_out_id="product_id",
        reason=pl.format(
            "product {} would need more than {} batches, or batches too fine to count, for {} {} on {}",
            "product_id", pl.lit(MAX_BATCHES), plain_number("net_requirement"), "unit", "schedule_date",
        ),
        what_to_do=pl.format(
            "correct its batch_min ({}), batch_max ({}) or batch_multiple ({})",
            *(pl.col(name).cast(pl.String).fill_null("empty") for name in ("batch_min", "batch_max", "batch_multiple")),
        ),
    )  # fmt: skip
    return conform(FoundFaults, found)
