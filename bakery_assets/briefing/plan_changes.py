"""Plan changes: what a version of a day's plan changes against the version before it, and which figure is behind it.

Batches of the plan date and orders are compared; batches of later days are previews, which change every morning.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import CELL
from bakery_assets.quantities import DECIMALS, TOLERANCE, ordered_sum
from bakery_assets.schemas import Cells, conform, plans

# Terms of a sum in the order in which they follow from facts: the first that differs is what changed.
BATCH_TERMS = ("orders", "forecast", "stock_usable", "carried_over", "batch_min", "batch_multiple", "batch_max")
ORDER_TERMS = (
    "gross_requirement",
    "safety_stock",
    "stock_today",
    "scheduled_receipts",
    "minimum_quantity",
    "pack_size",
    "price",
)
_KEY = [*CELL, "subject", "subject_id"]


class PlanChangeInputs(TypedDict):
    """What ``plan_changes`` reads."""

    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_batches: dy.DataFrame[plans.PublishedBatches]
    published_orders: dy.DataFrame[plans.PublishedOrders]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]


def plan_changes(cells: dy.DataFrame[Cells], inputs: PlanChangeInputs) -> dy.DataFrame[plans.PlanChanges]:
    """Batches and orders that were added, removed or changed since the last published version, numbered and sorted.

    The first version of a day changes nothing. Behind a change stands the first term of its product's or ingredient's
    sum that differs between the versions.
    """
    versions = _versions(cells, inputs["plan_versions"])
    before = _batches_before(versions, inputs["published_batches"])
    after = _batches_after(versions, inputs["production_batches"])
    parts = [_differences(before, after, BATCH_TERMS)]
    before = _orders_before(versions, inputs["published_orders"])
    after = _orders_after(versions, inputs["procurement_requirements"])
    parts.append(_differences(before, after, ORDER_TERMS))
    changes = (
        pl.concat(parts)
        .join(versions, on=CELL)
        .sort(*CELL, "subject", "due_date", "subject_id", nulls_last=True)
        .with_columns(
            change_number=pl.concat_str(
                pl.lit("C"), pl.int_range(1, pl.len() + 1).over(CELL).cast(pl.String).str.zfill(3)
            )
        )
    )
    return conform(plans.PlanChanges, changes)


def _versions(cells: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Cells with their ``version``, its ``cause`` and the version ``before`` it, where there is one."""
    own = cells.select(*CELL, "planned_as_of").join(versions.drop("cause_detail"), on=[*CELL, "planned_as_of"])
    earlier = versions.filter(pl.col("published_at").is_not_null()).select(*CELL, before="version")
    return (
        own.select(*CELL, "version", "cause")
        .join(earlier, on=CELL)
        .filter(pl.col("before") < pl.col("version"))
        .group_by(*CELL, "version", "cause")
        .agg(pl.col("before").max())
    )


def _batches_before(versions: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    of_version = published.join(versions.select(*CELL, version="before"), on=[*CELL, "version"])
    return _batches(of_version)


def _batches_after(versions: pl.DataFrame, batches: pl.DataFrame) -> pl.DataFrame:
    return _batches(batches.join(versions.select(CELL), on=CELL).filter(pl.col("state") != "cancelled"))


def _batches(batches: pl.DataFrame) -> pl.DataFrame:
    return batches.filter(pl.col("schedule_date") == pl.col("plan_date")).select(
        *CELL,
        subject=pl.lit("batch"),
        subject_id="batch_number",
        item_id="product_id",
        due_date="schedule_date",
        quantity="quantity_planned",
        start="start_at",
        reasoning="reasoning",
    )


def _orders_before(versions: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    return _orders(published.join(versions.select(*CELL, version="before"), on=[*CELL, "version"]))


def _orders_after(versions: pl.DataFrame, requirements: pl.DataFrame) -> pl.DataFrame:
    ordered = requirements.filter(pl.col("planned_order_quantity") > 0)
    return _orders(ordered.join(versions.select(CELL), on=CELL))


def _orders(orders: pl.DataFrame) -> pl.DataFrame:
    return (
        orders.sort(*CELL, "requirement_number")
        .group_by(*CELL, "ingredient_id", "supplier_id", "deliver_on", maintain_order=True)
        .agg(
            quantity=ordered_sum("planned_order_quantity").round(DECIMALS),
            start=pl.col("order_by").min(),
            reasoning=pl.col("reasoning").first(),
        )
        .select(
            *CELL,
            subject=pl.lit("order"),
            subject_id=pl.concat_str(
                "ingredient_id", pl.col("supplier_id").fill_null("-"), "deliver_on", separator=" ", ignore_nulls=True
            ),
            item_id="ingredient_id",
            due_date="deliver_on",
            quantity="quantity",
            start="start",
            reasoning="reasoning",
        )
    )


def _differences(before: pl.DataFrame, after: pl.DataFrame, terms: tuple[str, ...]) -> pl.DataFrame:
    """Rows of either that the other does not have alike, with the first of ``terms`` that differs for their item."""
    pairs = before.drop("reasoning").join(
        after.drop("reasoning"),
        on=[*_KEY, "item_id", "due_date"],
        how="full",
        coalesce=True,
        nulls_equal=True,
        suffix="_after",
    )
    is_same = (pl.col("quantity") - pl.col("quantity_after")).abs() <= TOLERANCE
    is_same &= pl.col("start").eq_missing(pl.col("start_after"))
    change = (
        pl.when(pl.col("quantity").is_null())
        .then(pl.lit("added"))
        .when(pl.col("quantity_after").is_null())
        .then(pl.lit("removed"))
        .otherwise(pl.lit("changed"))
    )
    differing = pairs.filter(~is_same.fill_null(value=False)).with_columns(change=change)
    return differing.join(_first_differing_terms(before, after, terms), on=[*CELL, "item_id"], how="left").select(
        *_KEY, "item_id", "due_date", "change",
        quantity_before="quantity", quantity_after="quantity_after", start_before="start", start_after="start_after",
        term="term", term_before="term_before", term_after="term_after",
    )  # fmt: skip


def _first_differing_terms(before: pl.DataFrame, after: pl.DataFrame, terms: tuple[str, ...]) -> pl.DataFrame:
    """By item the first term whose value is another; its batches or orders of a version all have the same terms."""
    item = [*CELL, "item_id"]
    values = [
        frame.sort("subject_id")
        .unique(item, keep="first", maintain_order=True)
        .select(
            *item,
            *(
                pl.col("reasoning").str.json_path_match(f"$.{term}").cast(pl.Float64, strict=False).alias(term)
                for term in terms
            ),
        )
        for frame in (before, after)
    ]
    both = values[0].join(values[1], on=item, suffix="_after")
    differs = [(pl.col(term) - pl.col(f"{term}_after")).abs() > TOLERANCE for term in terms]
    found = [
        pl.when(is_other.fill_null(value=False)).then(
            pl.struct(term=pl.lit(term), term_before=pl.col(term), term_after=pl.col(f"{term}_after"))
        )
        for term, is_other in zip(terms, differs, strict=True)
    ]
    return both.select(*item, first=pl.coalesce(found)).filter(pl.col("first").is_not_null()).unnest("first")
