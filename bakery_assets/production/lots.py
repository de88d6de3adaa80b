"""Lot sizes: from a net requirement to batches that a bakery can make."""

import polars as pl

from bakery_assets.cells import CannotPlan
from bakery_assets.explanations.formats import plain_number

MAX_BATCHES = 1_000  # of one product on one day; more is a slip in a batch size, and would fill the memory
MAX_INCREMENTS = 1e15  # so that counting stays exact in 64-bit numbers
NOISE = 1e-9  # relative: three times 0.1 is one batch of 0.3, not one and a bit
DECIMALS = 6


def size_lots(needs: pl.DataFrame) -> pl.DataFrame:
    """Turn each net requirement into batches: minimum first, then multiple, then the split at the maximum.

    The requirement of a product and day is one sum before anything is rounded (consolidate first, as ERP
    systems should: ERPNext #58710). All sizes are counted in *increments*: the batch multiple; without one, whole
    pieces for products sold by the piece and thousandths of the unit for the others.

    1. total = net, raised to ``batch_min``, rounded up to increments.
    2. n = total / batch_max rounded up, where ``batch_max`` is rounded down to increments.
    3. If n batches of at least ``batch_min`` make more than the total, the total is raised to n minima, so that
       every batch keeps minimum, maximum and multiple at once, as frePPLe asks of each operation plan.
    4. The total is split as evenly as increments allow, larger batches first.

    An empty or zero attribute sets no limit. Where ``batch_max`` lies below the minimum or the multiple, they
    contradict each other: the smallest allowed batch is then also the largest, and ``is_contradictory`` is true, for
    one slip in a product's sizes should not cost the bakery the plan of its other products.

    Args:
        needs: ``tenant_id, product_id, schedule_date, net, unit, batch_min, batch_max, batch_multiple`` and any
            other columns; net at least 0, all quantities in the product's unit.

    Returns:
        The same rows in the same order and ``planned_quantity`` (sum of the batches), ``batches`` (count; 0 where net
        is 0), ``increment``, ``increments`` (planned in increments), ``smallest`` and ``largest`` (bounds of a
        batch, in units; largest empty: none), ``is_contradictory``, ``is_raised_to_split`` (rule 3 applied).

    Raises:
        CannotPlan: more than ``MAX_BATCHES`` batches of a product on one day, or a multiple too fine to count.
    """
    increment = (
        pl.when(pl.col("batch_multiple") > 0)
        .then(pl.col("batch_multiple"))
        .otherwise(pl.when(pl.col("unit") == "piece").then(1.0).otherwise(0.001))
    )
    has_maximum = (pl.col("batch_max") > 0).fill_null(value=False)
    counted = needs.with_columns(increment=increment).with_columns(
        least=pl.max_horizontal(_up(pl.col("batch_min").fill_null(0.0) / pl.col("increment")), 1.0),
        most=pl.when(has_maximum).then(_down(pl.col("batch_max") / pl.col("increment"))),
        asked=_up(pl.col("net_requirement") / pl.col("increment")),
    )
    counted = counted.with_columns(
        is_contradictory=(pl.col("most") < pl.col("least")).fill_null(value=False),
        most=pl.max_horizontal("most", pl.when(has_maximum).then("least")),
        asked=pl.when(pl.col("net_requirement") > 0).then(pl.max_horizontal("asked", "least")).otherwise(0.0),
    )
    one = (pl.col("net_requirement") > 0).cast(pl.Float64)
    counted = counted.with_columns(
        batches=pl.when(has_maximum).then(_up(pl.col("asked") / pl.col("most"))).otherwise(one)
    )
    _refuse_implausible(counted)
    return (
        counted.with_columns(pl.col("batches").cast(pl.Int64))
        .with_columns(increments=pl.max_horizontal("asked", pl.col("batches") * pl.col("least")).cast(pl.Int64))
        .with_columns(
            is_raised_to_split=pl.col("increments") > pl.col("asked"),
            planned_quantity=(pl.col("increments") * pl.col("increment")).round(DECIMALS),
            smallest=(pl.col("least") * pl.col("increment")).round(DECIMALS),
            largest=(pl.col("most") * pl.col("increment")).round(DECIMALS),
        )
        .drop("least", "most", "asked")
    )


def split_batches(lots: pl.DataFrame) -> pl.DataFrame:
    """One row per batch of the rows of ``size_lots``, in their order, split evenly in increments.

    Returns:
        The columns of ``lots``, ``batch`` (1 to ``batches``) and ``quantity_planned``; a product and day that
        needs none has no row.
    """
    each, over = pl.col("increments") // pl.col("batches"), pl.col("increments") % pl.col("batches")
    larger = (pl.col("batch") <= over).cast(pl.Int64)
    return (
        lots.filter(pl.col("batches") > 0)
        .with_columns(batch=pl.int_ranges(1, pl.col("batches") + 1))
        .explode("batch", empty_as_null=True, keep_nulls=True)
        .with_columns(quantity_planned=((each + larger) * pl.col("increment")).round(DECIMALS))
    )


def lot_rule() -> pl.Expr:
    """The rules that shaped a lot, in words, for rows of ``size_lots``."""
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


def _up(count: pl.Expr) -> pl.Expr:
    return (count * (1 - NOISE)).ceil()


def _down(count: pl.Expr) -> pl.Expr:
    return (count * (1 + NOISE)).floor()


def _refuse_implausible(counted: pl.DataFrame) -> None:
    implausible = counted.filter(
        (pl.col("batches") > MAX_BATCHES) | (pl.max_horizontal("asked", "least", "most") > MAX_INCREMENTS)
    ).sort("tenant_id", "product_id", "schedule_date")
    if implausible.height:
        first = implausible.row(0, named=True)
        raise CannotPlan(
            f"tenant {first['tenant_id']}: product {first['product_id']} would need more than {MAX_BATCHES} "
            f"batches, or batches too fine to count, for {first['net_requirement']:g} {first['unit']} on "
            f"{first['schedule_date']}; "
            f"correct its batch_min ({first['batch_min']}), batch_max ({first['batch_max']}) or batch_multiple "
            f"({first['batch_multiple']})"
        )
