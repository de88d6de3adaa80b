"""The stage ``distribution_plans``: places, needs, supply and trips, in this order."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.cells import stock_instants
from bakery_assets.distribution.needs import Needs, needs, places
from bakery_assets.distribution.supply import supply
from bakery_assets.distribution.trips import Trips, trips
from bakery_assets.explanations.distribution import kept_trip_terms, shortage, trip_terms
from bakery_assets.keys import CELL, PRODUCT, SERIES, SHOP
from bakery_assets.kitchens import serving_kitchens
from bakery_assets.materials.assumed_transfers import AssumedTransfers, assumed_transfers
from bakery_assets.materials.demand import shop_days
from bakery_assets.materials.recipe_faults import without_left_out
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans


class DistributionInputs(TypedDict):
    """What ``plan_distribution`` reads."""

    locations: dy.DataFrame[ops.Locations]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    calendar: dy.DataFrame[ops.Calendar]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    products: dy.DataFrame[ops.Products]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    target_stock_levels: dy.DataFrame[plans.TargetStockLevels]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    stock_movements: dy.DataFrame[plans.StockMovements]
    stock_balances: dy.DataFrame[plans.StockBalances]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    master_data_faults: dy.DataFrame[plans.MasterDataFaults]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_distributions: dy.DataFrame[plans.PublishedDistributions]
    transfers: dy.DataFrame[ops.Transfers]


class DistributionTables(TypedDict):
    """What ``plan_distribution`` writes."""

    distribution_plans: dy.DataFrame[plans.DistributionPlans]


def plan_distribution(cells: dy.DataFrame[Cells], inputs: DistributionInputs) -> DistributionTables:
    """What each shop is to get on the plan date, from which kitchen, and when it leaves; rows sorted by key.

    A row for every product that an open shop is expected to sell: quantity 0 where its stock covers the day, or where
    the kitchen has nothing; none for products that ``master_data_faults`` leaves out. What all places together do not
    need goes to where it is likeliest to be sold; what keeps for several days stays in the kitchen, as does what no
    place would sell, and whoever sells out can be sent more. Trips that have left by the planning instant stay as they
    were published, unless a recorded transfer tells of them.
    """
    left = assumed_transfers(
        cells, inputs["plan_versions"], inputs["published_distributions"], inputs["transfers"]
    ).join(cells.select(CELL), on=CELL, how="semi")
    until = left.join(stock_instants(cells), on="tenant_id")
    on_the_way = conform(AssumedTransfers, until.filter(pl.col("arrives_at") > pl.col("stock_at")))
    served, balances = serving_kitchens(inputs["locations"]), inputs["stock_balances"]
    days = shop_days(cells, inputs)
    needed = needs(cells, inputs, places(cells, inputs), balances, on_the_way)
    needed = conform(Needs, without_left_out(needed, inputs["master_data_faults"]))
    planned = trips(needed, days, supply(served, balances, inputs["production_batches"], on_the_way))
    return DistributionTables(distribution_plans=_rows(cells, inputs, planned, conform(AssumedTransfers, left)))


def _rows(
    cells: dy.DataFrame[Cells],
    inputs: DistributionInputs,
    planned: dy.DataFrame[Trips],
    left: dy.DataFrame[AssumedTransfers],
) -> dy.DataFrame[plans.DistributionPlans]:
    shops = inputs["locations"].select(*SHOP, shop=pl.coalesce("name", "location_id"))
    products = inputs["products"].select(*PRODUCT, product="name")
    before = left.group_by(SERIES).agg(before=pl.col("trip").max())
    brought = ordered_sum("quantity").over(SERIES).round(DECIMALS)
    new = (
        planned.filter(pl.col("location_id") != pl.col("kitchen_id"))
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .join(shops, on=SHOP)
        .join(products, on=PRODUCT)
        .join(before, on=SERIES, how="left")
        .with_columns(brought=brought)
        .with_columns(
            reasoning=trip_terms(),
            consequence=pl.when(pl.col("trip") == 1).then(shortage("brought", "need")),
            is_carried_over=False,
            trip=pl.col("trip") + pl.col("before").fill_null(0),
        )
    )
    kept = left.with_columns(
        extra=0.0, reasoning=kept_trip_terms(), consequence=pl.lit(None, pl.String), is_carried_over=True
    )
    columns = plans.DistributionPlans.column_names()
    rows = pl.concat([kept.select(columns), new.select(columns)], how="vertical_relaxed")
    return conform(plans.DistributionPlans, rows.sort(plans.DistributionPlans.primary_key()))
