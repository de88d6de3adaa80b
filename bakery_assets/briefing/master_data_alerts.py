"""Alerts about master data that a plan could not use: what is left out of it, because of which row, and what to do."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.exchange_rates import RateInputs, rates_on
from bakery_assets.explanations.formats import as_json, counted, listed
from bakery_assets.keys import CELL, PRODUCT
from bakery_assets.procurement.offers import with_weekdays
from bakery_assets.schemas import Cells, ops, plans

NAMED = 3  # a fault of more products or suppliers names these and counts the rest
ROW = [*CELL, "source_table", "source_row", "left_out", "left_out_id", "what_to_do"]


class MasterDataAlertInputs(RateInputs, TypedDict):
    """What ``master_data_findings`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    products: dy.DataFrame[ops.Products]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    suppliers: dy.DataFrame[ops.Suppliers]
    master_data_faults: dy.DataFrame[plans.MasterDataFaults]


def master_data_findings(cells: dy.DataFrame[Cells], inputs: MasterDataAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``master_data_fault``: one per faulty row, one for all products without a recipe, one per supplier, and
    one for each currency without an exchange rate."""
    names = inputs["products"].select(*PRODUCT, product="name")
    faults = inputs["master_data_faults"].join(names, on=PRODUCT, how="left", maintain_order="left")
    without_recipe = pl.col("left_out") == "recipe"
    return [
        _left_out(faults.filter(~without_recipe)),
        _without_recipe(faults.filter(without_recipe)),
        _unreadable_suppliers(cells, inputs["suppliers"]),
        _other_currencies(cells, inputs),
    ]


def _left_out(faults: pl.DataFrame) -> dy.DataFrame[Finding]:
    """Faulty rows, with all products that they concern."""
    rows = faults.group_by(ROW, maintain_order=True).agg(
        pl.col("reason").first(), products=pl.col("product_id"), named=_first_named("product")
    )
    is_product = pl.col("left_out") == "product"
    effect = (
        pl.when(is_product)
        .then(pl.format("{} is left out of the plan.", "named"))
        .otherwise(pl.format("{} is left out of what {} takes.", "left_out_id", "named"))
    )
    consequence = (
        pl.when(is_product)
        .then(pl.format("{} is neither baked by this plan nor are its ingredients ordered.", "named"))
        .otherwise(pl.format("No {} is ordered for {}, and it may run out unnoticed.", "left_out_id", "named"))
    )
    return finding(
        rows,
        severity=pl.when(is_product).then(pl.lit("critical")).otherwise(pl.lit("high")),
        kind="master_data_fault",
        cause=pl.format("master_data_fault:{}:{}:{}", "source_table", "source_row", "left_out_id"),
        subject="left_out_id",
        message=pl.format("{}, {}: {}. {}", "source_table", "source_row", "reason", effect),
        reasoning=as_json(**{name: name for name in (*ROW[2:], "reason", "products")}),
        consequence=consequence,
        suggested_action=pl.format("In {}, {}: {}.", "source_table", "source_row", "what_to_do"),
    )


def _without_recipe(faults: pl.DataFrame) -> dy.DataFrame[Finding]:
    """Products that are planned without knowing how they are made, all in one."""
    tenants = faults.group_by(*CELL, "what_to_do", maintain_order=True).agg(
        named=_first_named("product"), count=pl.len(), products=pl.col("product_id")
    )
    has = pl.when(pl.col("count") == 1).then(pl.lit("has")).otherwise(pl.lit("have"))
    return finding(
        tenants,
        severity="low",
        kind="master_data_fault",
        cause=pl.lit("master_data_fault:recipes"),
        message=pl.format(
            "recipes: {} {} no usable recipe ({}).", counted("count", "product", "products"), has, "named",
        ),
        reasoning=as_json(source_table=pl.lit("recipes"), products="products"),
        consequence="Quantities are planned, but neither times nor ingredients.",
        suggested_action=pl.format("In recipes: {}.", "what_to_do"),
    )  # fmt: skip


def _unreadable_suppliers(cells: dy.DataFrame[Cells], suppliers: dy.DataFrame[ops.Suppliers]) -> dy.DataFrame[Finding]:
    unreadable = (
        with_weekdays(suppliers)
        .filter(pl.col("unreadable").is_not_null())
        .join(cells.select(CELL), on="tenant_id")
        .sort("tenant_id", "supplier_id")
    )
    return finding(
        unreadable,
        severity="critical",
        kind="master_data_fault",
        cause=pl.format("master_data_fault:suppliers:{}", "supplier_id"),
        subject="supplier_id",
        message=pl.format(
            "suppliers, supplier_id {}: '{}' is no weekday. Nothing is ordered from {}.",
            "supplier_id", "unreadable", "name",
        ),
        reasoning=as_json(
            source_table=pl.lit("suppliers"), supplier_id="supplier_id", delivery_weekdays="delivery_weekdays"
        ),
        consequence=pl.format("What only {} sells runs out.", "name"),
        suggested_action="In suppliers, write its weekdays as mon,tue,wed,thu,fri,sat,sun.",
    )  # fmt: skip


def _other_currencies(cells: dy.DataFrame[Cells], inputs: MasterDataAlertInputs) -> dy.DataFrame[Finding]:
    """Currencies of suppliers of which no exchange rate is known, one finding each."""
    own = inputs["tenants"].select("tenant_id", own_currency="currency")
    selling = inputs["suppliers"].join(inputs["supplier_items"], on=["tenant_id", "supplier_id"], how="semi")
    others = (
        selling.join(own, on="tenant_id")
        .filter(pl.col("currency") != pl.col("own_currency"))
        .join(rates_on(cells, inputs), on=["tenant_id", "currency"], how="anti")
        .join(cells.select(CELL), on="tenant_id")
        .sort("tenant_id", "currency", "supplier_id")
        .group_by(*CELL, "currency", "own_currency", maintain_order=True)
        .agg(named=_first_named("name"), suppliers=pl.col("supplier_id"))
    )
    return finding(
        others,
        severity="low",
        kind="master_data_fault",
        cause=pl.format("master_data_fault:currency:{}", "currency"),
        message=pl.format(
            "suppliers: prices of {} are in {}, the bakery's are in {}, and no exchange rate of this time is known. "
            "They are neither compared with other prices nor added to totals.",
            "named", "currency", "own_currency",
        ),
        reasoning=as_json(
            source_table=pl.lit("suppliers"), currency="currency", own_currency="own_currency", suppliers="suppliers"
        ),
        consequence=pl.format(
            "What others offer, too, is ordered from them where they can come in time, even where it costs more than "
            "in {}.",
            "currency",
        ),
        suggested_action=pl.format(
            "In exchange_rates, enter what one {} is worth in {}; or enter these prices in {}, and {} as the "
            "supplier's currency.",
            "currency", "own_currency", "own_currency", "own_currency",
        ),
    )  # fmt: skip


def _first_named(column: str) -> pl.Expr:
    """Up to three names, and how many more."""
    return listed(pl.col(column).unique(maintain_order=True), NAMED)
