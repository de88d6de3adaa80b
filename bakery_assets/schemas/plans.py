"""The tables of schema ``plans``: what we write. One class a table, in the table's column order.

Tables of a cell are keyed by (tenant_id, plan_date, ...) and inherit from ``PlanRow``; a cell's rows are replaced
whole. Models and retrainings have keys of their own. Ratios are fractions, never percent, and are named by a term that
is a ratio (wape, coverage, utilization) or end in ``_fraction``; a sum over a window of days ends in ``_<days>d``.
Foreign keys, indexes and columns that only the database has are in ``resources.schema.plans``.
"""

from typing import Literal, get_args

import dataframely as dy
import polars as pl

from bakery_assets.quantities import TOLERANCE, equal
from bakery_assets.schemas import columns as col

# What the database checks and the code that writes it is typed with.
SeriesModel = Literal[
    "trees_and_smoothing",
    "trees",
    "trees_half",
    "smoothing",
    "same_weekday_smoothing",
    "level_smoothing",
    "intermittent",
]
UNTRAINED_SMOOTHING = "untrained_smoothing"  # a tenant without a trained version
SHORT_HISTORY = "short_history"  # few days since the first sale
CATEGORY_LEVEL = "category_level"  # new, never sold: as its category's products usually sell
NO_HISTORY = "no_history"  # never sold, and not new: forecast as 0
SERIES_MODELS: tuple[SeriesModel, ...] = get_args(SeriesModel)
FORECAST_MODELS = (*SERIES_MODELS, UNTRAINED_SMOOTHING, SHORT_HISTORY, CATEGORY_LEVEL, NO_HISTORY)

AlertKind = Literal[
    "planning_failed",
    "closed_today",
    "over_capacity",
    "not_ready",
    "planned_late",
    "baking_note",
    "batch_not_worth_it",
    "master_data_fault",
    "order_today",
    "late_delivery",
    "no_supplier",
    "stockout",
    "low_stock",
    "expiring",
    "stock_unrecorded",
    "stale_counts",
    "shrinkage",
    "unexplained_sales",
    "no_history",
    "no_forecast",
    "sales_missing",
    "sales_ended",
    "forecast_off",
    "forecast_worsening",
    "holiday_unconfirmed",
    "training_waits",
    "delivery_arriving_soon",
    "delivery_overdue",
    "stock_receipt_incomplete",
    "order_due",
]
AlertClass = Literal["planning", "production", "orders", "stock", "forecast", "data"]
Severity = Literal["low", "medium", "high", "critical"]
ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)
ALERT_CLASSES: tuple[AlertClass, ...] = get_args(AlertClass)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the mildest first
AlertStatus = Literal["open", "acknowledged", "resolved", "archived"]
ALERT_STATUSES: tuple[AlertStatus, ...] = get_args(AlertStatus)
CLASS_OF: dict[AlertKind, AlertClass] = {
    "planning_failed": "planning",
    "closed_today": "planning",
    "over_capacity": "production",
    "not_ready": "production",
    "planned_late": "planning",
    "baking_note": "production",
    "batch_not_worth_it": "production",
    "master_data_fault": "data",
    "order_today": "orders",
    # Why an item runs short may change from plan to plan; it stays one alert, and one class.
    "late_delivery": "stock",
    "no_supplier": "stock",
    "stockout": "stock",
    "low_stock": "stock",
    "expiring": "stock",
    "stock_unrecorded": "data",
    "stale_counts": "stock",
    "shrinkage": "stock",
    "unexplained_sales": "stock",
    "no_history": "forecast",
    "no_forecast": "forecast",
    "sales_missing": "data",
    "sales_ended": "data",
    "forecast_off": "forecast",
    "forecast_worsening": "forecast",
    "holiday_unconfirmed": "forecast",
    "training_waits": "data",
    "delivery_arriving_soon": "orders",
    "delivery_overdue": "orders",
    "stock_receipt_incomplete": "orders",
    "order_due": "orders",
}
# These are opened and ended by the watch over deliveries, at any minute; all others by plans.
WATCHED: tuple[AlertKind, ...] = (
    "delivery_arriving_soon", "delivery_overdue", "stock_receipt_incomplete", "order_due",
)  # fmt: skip

# By what a shop is taken to open or to be closed on a holiday, in the order in which it counts.
HolidayEvidence = Literal["calendar", "opening_hours", "own_past", "other_holidays", "sister_shops", "country", "none"]
HOLIDAY_EVIDENCE: tuple[HolidayEvidence, ...] = get_args(HolidayEvidence)

VersionCause = Literal["planning_time", "late_sales", "person", "fact", "decision"]
VERSION_CAUSES: tuple[VersionCause, ...] = get_args(VersionCause)

# Of a purchase proposal; a plan is also partly approved, when some of its proposals are and others wait.
ProposalState = Literal["draft", "approved", "rejected", "superseded"]
PROPOSAL_STATES: tuple[ProposalState, ...] = get_args(ProposalState)
PLAN_STATES = (*PROPOSAL_STATES[:2], "partly_approved", *PROPOSAL_STATES[2:])

BatchState = Literal["planned", "confirmed", "in_progress", "quality_check", "completed", "failed", "cancelled"]
BATCH_STATES: tuple[BatchState, ...] = get_args(BatchState)
MADE_NOTHING: tuple[BatchState, ...] = ("failed", "cancelled")  # of a batch that keeps its number and supplies nothing

# How a target is chosen: the newsvendor's quantile, for what keeps several days its base-stock level, or by a setting.
TARGET_BASES = ("newsvendor", "base_stock", "buffer", "service_level")

STOCKOUT_RISKS = ("none", "low", "high", "unknown")

# Because of a fault in master data a product is not planned, or it is planned without one of its components, or as one
# of which neither times nor ingredients are known.
LEFT_OUT = ("product", "component", "recipe")

ITEM_KINDS = ("product", "intermediate", "ingredient")
MOVEMENT_KINDS = (
    "count", "receipt", "production", "consumption", "sale", "waste", "supplier_return", "transfer", "expiry",
    "adjustment",
)  # fmt: skip

# Movements by which stock is lost or found: they have a value. What is bought, made and sold has its own prices.
VALUED_MOVEMENTS = ("adjustment", "waste", "expiry")

ROUNDING = 1e-5  # units; more than rounding to six decimals moves a difference of the largest quantities


class PlanningRuns(dy.Schema):
    """State of each cell: one tenant, one local date."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned", primary_key=True)
    status = col.choice("State of the cell", ("claimed", "partial", "planned", "failed"))
    planned_as_of = col.instant("Planning instant: facts recorded up to it were used; for late sales see facts_until")
    attempts = col.integer("Times planning was begun by itself since the last plan; a person's tries do not count")
    claimed_at = col.instant("When it was last started")
    claimed_by = col.text("Who started it: a tick of the schedule, then the Dagster run; only that run may finish it")
    finished_at = col.instant("When it was last planned or failed", nullable=True)
    failed_stage = col.text("Stage that failed", nullable=True)
    reason = col.text("Why it failed", nullable=True)
    dagster_run_id = col.text("Run that planned it last", nullable=True)
    facts_until = col.instant(
        "Late sales: those of the days before the plan date count if recorded up to this instant, though it is after "
        "planned_as_of",
        nullable=True,
    )


class PlanVersions(dy.Schema):
    """Versions of each cell's plan, the plan of record; a row is never changed once it is published."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned", primary_key=True)
    version = col.integer(
        "1: made at the planning instant; then one for each time it was replanned", minimum=1, primary_key=True
    )
    planned_as_of = col.instant("Facts recorded, and plans published, up to it were used")
    cause = col.choice("What it was made for", VERSION_CAUSES)
    cause_detail = col.text("What asked for it, in words", nullable=True)
    requested_at = col.instant("When it was requested")
    published_at = col.instant("When it was first published; empty: not yet", nullable=True)


class PublishedBatches(dy.Schema):
    """Batches as published, by version of the plan; taken as made where no event says otherwise."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Version of that plan", minimum=1, primary_key=True)
    schedule_date = col.date("Day it is sold first; batches of days after the plan date are previews", primary_key=True)
    batch_number = col.key_text("The batch, unique within its schedule date", primary_key=True)
    product_id = col.text("The product")
    recipe_id = col.text("Recipe used", nullable=True)
    quantity_planned = col.number("Quantity to make, in units")
    begins_at = col.instant("When its first dough is begun; empty: not known", nullable=True)
    start_at = col.instant("Start of its own first step; empty: not known", nullable=True)
    end_at = col.instant("End", nullable=True)
    equipment_id = col.text("Machine of the longest step", nullable=True)
    priority = col.integer("1 was to be baked first", minimum=1)
    reasoning = col.json(
        "Every term of the calculation; {}: the one in production_batches, until another version replaces that"
    )
    planned_since = col.instant("When the version was published since which it has had this quantity and these times")


class PublishedOrders(dy.Schema):
    """Orders as published, by version of the plan."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Version of that plan", minimum=1, primary_key=True)
    requirement_number = col.key_text("The requirement", primary_key=True)
    ingredient_id = col.text("The ingredient")
    supplier_id = col.text("Supplier", nullable=True)
    planned_order_quantity = col.number("Quantity to order, in the ingredient's unit")
    order_by = col.instant("Deadline of the order", nullable=True)
    deliver_on = col.date("Day of delivery", nullable=True)
    reasoning = col.json(
        "Every term of the calculation; {}: the one in procurement_requirements, until another version replaces that"
    )
    proposal_number = col.text("Purchase proposal whose line it was", nullable=True)
    unit_price = col.number("Price per unit, in the currency of the supplier's prices", nullable=True)
    currency = col.text("ISO 4217 code of that currency", nullable=True)


class PublishedProposals(dy.Schema):
    """Purchase proposals as published, by version of the plan."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Version of that plan", minimum=1, primary_key=True)
    proposal_number = col.key_text("The proposal", primary_key=True)
    supplier_id = col.key_text("Supplier")
    deliver_on = col.date("Day of delivery")
    order_by = col.instant("First deadline of its lines")
    total_cost = col.number("Cost of its lines, in the currency of the supplier's prices")
    currency = col.text("ISO 4217 code of that currency", nullable=True)


class PublishedDistributions(dy.Schema):
    """What shops were to get, by version of the plan; taken as brought where no transfer says otherwise."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Version of that plan", minimum=1, primary_key=True)
    location_id = col.key_text("Shop that was to get it", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    trip = col.integer("The trip, by product and shop", minimum=1, primary_key=True)
    kitchen_id = col.key_text("Kitchen it was to come from")
    target_quantity = col.number("What was to be ready for sale in the shop on the plan date, less what was sold")
    stock_usable = col.number("Stock there that could be used on that day")
    need = col.number("What the shop needed beyond its stock")
    available = col.number("What the kitchen had of it for all places when the trip was to leave")
    quantity = col.number("What was to be brought, in the product's unit")
    leaves_at = col.instant("When it was to leave the kitchen")
    arrives_at = col.instant("When it was to be in the shop")


class PlanRow(dy.Schema):
    """What every row of a plan begins with: its cell."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned", primary_key=True)


class StockMovements(PlanRow):
    """How stock changed from the start of the day whose stock is kept to the planning instant, or as the day begins."""

    movement_number = col.integer("The movement, in the order in which they happened", minimum=1, maximum=2_000_000_000,
                                  primary_key=True)  # fmt: skip
    item_kind = col.choice("What it is", ITEM_KINDS)
    item_id = col.key_text("Product, recipe of the intermediate, or ingredient")
    location_id = col.key_text("Shop or kitchen")
    lot_id = col.key_text("The lot")
    happened_at = col.instant("When; what is only known to the day: when its location closed")
    kind = col.choice("What moved it", MOVEMENT_KINDS)
    quantity = col.metric("What came in, or with a minus what went out, in the item's unit", nullable=False)
    source = col.key_text("The facts or the batch it comes from")
    is_assumed = col.boolean("No fact says so: taken from the plan of record, from orders, sales or a forecast")
    value = col.metric(
        "Of an adjustment, of waste and of what expires: quantity times price, in the tenant's currency. The price is"
        " that of an ingredient's cheapest offer, by the exchange rate of the plan date, a product's unit cost, or what"
        " the ingredients of an intermediate cost, as entered when it was planned; empty: there is none"
    )

    @dy.rule()
    def only_what_is_lost_or_found_has_a_value(cls) -> pl.Expr:
        """Other movements have no value."""
        return pl.col("value").is_null() | pl.col("kind").is_in(VALUED_MOVEMENTS)


class StockBalances(PlanRow):
    """Stock by lot at the planning instant, or as the day begins where that is later: the sum of movements up to it."""

    item_kind = col.choice("What it is", ITEM_KINDS, primary_key=True)
    item_id = col.key_text("Product, recipe of the intermediate, or ingredient", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    lot_id = col.key_text("The lot", primary_key=True)
    quantity = col.number("Stock of the lot, in the item's unit")
    expires_on = col.date("Last day it may be used; empty: no expiry", nullable=True)
    arrived_at = col.instant("When the first of it came", nullable=True)
    is_known = col.boolean("Facts tell of the stock; otherwise nothing that was recorded does, and quantity is 0")


class UnexplainedUsage(PlanRow):
    """What facts say was sold, thrown away or returned to suppliers beyond what was recorded as made or there."""

    item_kind = col.choice("What it is", ITEM_KINDS, primary_key=True)
    item_id = col.key_text("Product, recipe of the intermediate, or ingredient", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    source = col.key_text("The facts that say so", primary_key=True)
    happened_at = col.instant("When", primary_key=True)
    quantity = col.number("Quantity that the book does not have, in the item's unit")


class StockClosingBalances(PlanRow):
    """Stock by lot at the start of a past day, from which later ledgers go on; kept longer than facts are."""

    starts_on = col.date("Local day at whose start, at midnight, the stock was so")
    planned_as_of = col.instant("Facts recorded up to it were used")
    reach_days = col.integer("A fact changes stock at most so many days before the day it is about")
    lots = col.text("Stock by kind, item and lot, as compact JSON")


class DemandForecasts(PlanRow):
    """What each product will sell, for seven days."""

    location_id = col.key_text("Shop or kitchen", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    target_date = col.date("Day forecast; the plan date is the first", primary_key=True)
    yhat = col.number("Expected demand, in units; includes a human override")
    q10 = col.number("Demand stays at or below this on 10 days of 100, in units")
    q50 = col.number("Demand stays at or below this on 50 days of 100, in units")
    q80 = col.number("Demand stays at or below this on 80 days of 100, in units")
    q90 = col.number("Demand stays at or below this on 90 days of 100, in units")
    q95 = col.number("Demand stays at or below this on 95 days of 100, in units")
    model = col.choice("Model that made it", FORECAST_MODELS)
    model_version = col.text("Version of the model")
    override_id = col.text("Human override applied", nullable=True)
    reasoning = col.json("Every term of the calculation")
    system_yhat = col.number("Expected demand without the human override, in units")


class ForecastHistory(dy.Schema):
    """Expected demand by plans whose forecasts are no longer kept in full, one row a plan."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that was planned", primary_key=True)
    forecasts = col.json(
        "Units expected on the plan date and each day after it, by location and product; view: forecasts_by_lead"
    )


class HolidayOpenings(PlanRow):
    """Whether each shop is expected to open on the holidays of the next seven days, and by what evidence.

    A holiday on which a shop is closed anyway, on its weekly closing day or as it sells no more, has no row.
    """

    location_id = col.key_text("Shop or kitchen", primary_key=True)
    target_date = col.date("The holiday; the plan date is the first day", primary_key=True)
    holiday = col.key_text("Its name")
    is_open = col.boolean("The shop is expected to open; where it is not, the forecast is 0")
    evidence = col.choice("By what, the first that tells", HOLIDAY_EVIDENCE)
    times_seen = col.integer("Times that the shop met this holiday on a weekday on which it opens")
    times_closed = col.integer("Times that it was closed then")
    sisters_seen = col.integer("Times that the tenant's other shops met it")
    sisters_closed = col.integer("Times that they were closed then")
    country_closed_fraction = col.number(
        "Shops of the tenant's country that are closed on it, as a fraction, of all tenants that were trained on;"
        " empty: not known of five tenants",
        maximum=1.0,
        nullable=True,
    )
    country_tenants = col.integer("Tenants that this is known of, each counting alike", nullable=True)

    @dy.rule()
    def closed_on_evidence_only(cls) -> pl.Expr:
        """A shop without evidence is expected to open."""
        return pl.col("is_open") | (pl.col("evidence") != "none")

    @dy.rule()
    def closed_when_met(cls) -> pl.Expr:
        """times_closed <= times_seen and sisters_closed <= sisters_seen."""
        return (pl.col("times_closed") <= pl.col("times_seen")) & (pl.col("sisters_closed") <= pl.col("sisters_seen"))


class TargetStockLevels(PlanRow):
    """How much of each product has to be ready for sale in each shop, on each day of the horizon."""

    location_id = col.key_text("Shop or kitchen", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    target_date = col.date("Day of sale", primary_key=True)
    yhat = col.number("Expected demand, in units; 0 on days on which it is not sold")
    orders = col.number("Customer orders due, which are collected there")
    basis = col.choice("Rule that chose the level", TARGET_BASES)
    critical_ratio = col.number(
        "Critical ratio, (price - cost) / (price - salvage value), between 0 and 1", maximum=1.0
    )
    level = col.number("Fraction of days on which demand stays at or below quantity_at_level", maximum=1.0)
    is_clamped = col.boolean("The level would lie beyond the outermost quantile of the forecast, which is used instead")
    days_covered = col.integer(
        "Days on which what is baked for the day can be sold, as far as there are forecasts", minimum=1
    )
    quantity_at_level = col.number("Demand at that level, in units")
    target_quantity = col.number("The larger of quantity_at_level and orders, not rounded to pieces")
    expected_leftover = col.number("What is left of it in the evening on average, in units")
    expected_lost = col.number("Demand that it leaves unmet on average, in units")
    reasoning = col.json("Every term of the calculation")

    @dy.rule()
    def orders_are_never_thinned(cls) -> pl.Expr:
        """target_quantity = the larger of quantity_at_level and orders."""
        return equal("target_quantity", pl.max_horizontal("quantity_at_level", "orders"))


class ProductionSchedules(PlanRow):
    """A day's production in total."""

    schedule_date = col.date("Day of baking", primary_key=True)
    status = col.choice("State", ("planned", "closed", "nothing_to_bake", "over_capacity"))
    total_batches = col.integer("Batches")
    total_quantity = col.number("Units of all products together")
    starts_at = col.instant("Start of the first batch", nullable=True)
    ends_at = col.instant("End of the last batch", nullable=True)
    utilization = col.number(
        "Busy share of the busiest machine's time in the shifts, as a fraction; above 1: it does not fit",
        nullable=True,
    )
    reasoning = col.json("Every term of the calculation")
    consequence = col.text("What happens if no one acts", nullable=True)


class ProductionBatches(PlanRow):
    """What to bake, when, and on what."""

    batch_number = col.key_text("The batch, ordered by start", primary_key=True)
    schedule_date = col.date("Day it is sold first")
    product_id = col.key_text("The product")
    recipe_id = col.text("Recipe used", nullable=True)
    quantity_planned = col.number("Quantity to bake, in units")
    start_at = col.instant("Start; empty: no steps or machines are known", nullable=True)
    end_at = col.instant("End", nullable=True)
    equipment_id = col.text("Machine of the longest step", nullable=True)
    priority = col.integer("1 is baked first", minimum=1)
    reasoning = col.json("Every term of the calculation")
    state = col.choice("How far it is at the planning instant", BATCH_STATES, default="planned")
    is_carried_over = col.boolean("It had begun, or was final, before this version and keeps quantity and times")
    is_preview = col.boolean("Its own day's plan may still change it")
    ready_by = col.instant("When it has to be ready; empty: the opening is not known", nullable=True)
    is_late = col.boolean("It ends after it has to be ready")
    late_because = col.text("Why it is late", nullable=True)
    begins_on = col.date("Day its first dough, or else its own work, is begun; before the plan date: it has begun")
    is_in_stock = col.boolean("Its units are in the stock that the plan begins with, or will never come", default=False)
    has_taken_ingredients = col.boolean("What it takes has left that stock, or will never be taken", default=False)


class MasterDataFaults(PlanRow):
    """Rows of master data that a plan could not use, and what it leaves out because of them."""

    fault_number = col.key_text("The fault, ordered by table and row", primary_key=True)
    source_table = col.key_text("Table, and file, of the row at fault")
    source_row = col.key_text("The row at fault, by its key")
    product_id = col.key_text("Product concerned")
    left_out = col.choice("What the plan leaves out", LEFT_OUT)
    left_out_id = col.key_text("Product, ingredient or intermediate that is left out or has no recipe")
    reason = col.text("What is wrong")
    what_to_do = col.text("How to correct it")


class DistributionPlans(PlanRow):
    """What each shop is to get of the plan date's baking, and when it leaves the kitchen."""

    location_id = col.key_text("Shop that gets it", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    trip = col.integer("1: the first; a further one brings what was not ready by then", minimum=1, primary_key=True)
    kitchen_id = col.key_text("Kitchen it comes from")
    target_quantity = col.number("What has to be ready for sale in the shop, by target_stock_levels, less what is sold;"
                                 " in whole pieces for products counted in pieces")  # fmt: skip
    stock_usable = col.number("Stock in the shop that may be used on that day")
    need = col.number("target_quantity - stock_usable, at least 0, in whole pieces for products counted in pieces")
    available = col.number(
        "What the kitchen has of it when the trip leaves, for all places and trips until then: usable stock and the "
        "day's batches that are ready"
    )
    quantity = col.number("What is brought, in the product's unit")
    leaves_at = col.instant("When it leaves the kitchen")
    arrives_at = col.instant("When it is in the shop")
    is_carried_over = col.boolean("It had left before this version and stays as it was published")
    reasoning = col.json("Every term of the calculation")
    consequence = col.text("What happens if no one acts; empty: the shop gets what it needs", nullable=True)
    extra = col.number(
        "What the shop gets beyond its need of what lots are rounded up by, as it is likeliest to sell it"
    )

    @dy.rule()
    def need_is_what_stock_leaves_open(cls) -> pl.Expr:
        """need = target_quantity - stock_usable, at least 0, rounded up to pieces."""
        rounded_up = pl.col("need") - (pl.col("target_quantity") - pl.col("stock_usable")).clip(0.0)
        return rounded_up.is_between(-TOLERANCE, 1.0)

    @dy.rule()
    def it_arrives_after_it_leaves(cls) -> pl.Expr:
        """leaves_at <= arrives_at."""
        return pl.col("leaves_at") <= pl.col("arrives_at")

    @dy.rule()
    def no_shop_gets_more_than_it_needs(cls) -> pl.Expr:
        """The trips that this version plans bring a shop at most its need and its share of what is left over."""
        planned = pl.when("is_carried_over").then(0.0).otherwise("quantity")
        brought = planned.sum().over("tenant_id", "location_id", "product_id")
        return pl.col("is_carried_over") | (brought <= pl.col("need") + pl.col("extra") + TOLERANCE)

    @dy.rule()
    def the_kitchen_has_what_leaves(cls) -> pl.Expr:
        """quantity <= available."""
        return pl.col("quantity") <= pl.col("available") + TOLERANCE


class ProcurementPlans(PlanRow):
    """A plan's purchase orders in total."""

    version = col.integer("Version of the plan", minimum=1, default=1, primary_key=True)
    status = col.choice("State, by what was decided of its proposals", PLAN_STATES, default="draft")
    orders_14d = col.integer("Orders to place within the 14 days of the plan")
    total_cost = col.number(
        "Cost of the orders in the tenant's currency, without those in a currency of which no exchange rate is known"
    )
    first_order_by = col.date("Day of the first deadline", nullable=True)
    reasoning = col.json("Every term of the calculation")
    consequence = col.text("What happens if no one acts", nullable=True)
    costs_in_other_currencies = col.text(
        "Cost of the orders in currencies without an exchange rate, an amount for each currency", nullable=True
    )


class PurchaseProposals(PlanRow):
    """What to order of one supplier for one delivery; its lines are the requirements that name it."""

    proposal_number = col.key_text("The proposal, ordered by deadline", primary_key=True)
    version = col.integer("Version of the plan", minimum=1, default=1)
    supplier_id = col.key_text("The supplier")
    deliver_on = col.date("Day of delivery")
    order_by = col.instant("First deadline of its lines")
    lines = col.integer("Requirements that it has", minimum=1)
    total_cost = col.number("Cost of its lines, in the currency of the supplier's prices")
    currency = col.text("ISO 4217 code of that currency", nullable=True)
    minimum_order_value = col.number("Smallest order that the supplier accepts, in its currency")
    is_minimum_met = col.boolean("It is worth at least that")
    status = col.choice("State, by what was decided", PROPOSAL_STATES, default="draft")
    reasoning = col.json("Its lines and every term of the sum")
    consequence = col.text(
        "What happens if no one orders: on which day, to which products and customers' orders", nullable=True
    )


class ProcurementRequirements(PlanRow):
    """What to order from whom and by when; one row per ingredient and delivery."""

    requirement_number = col.key_text("The requirement, ordered by deadline", primary_key=True)
    ingredient_id = col.key_text("The ingredient")
    supplier_id = col.text("Supplier; empty: no supplier for it", nullable=True)
    gross_requirement = col.number("Requirement within the plan, in the ingredient's unit")
    on_hand = col.number("Usable stock, in the ingredient's unit")
    scheduled_receipts = col.number("Receipts from open orders, in the ingredient's unit")
    safety_stock = col.number("Quantity that should be left, in the ingredient's unit")
    net_requirement = col.number(
        "Requirement that neither stock nor scheduled receipts cover, in the ingredient's unit"
    )
    planned_order_quantity = col.number("Quantity to order, after minimum and pack, in the ingredient's unit")
    cost = col.number("Planned order quantity times price, in the currency of the supplier's prices")
    order_by = col.instant("Deadline of the order; empty: nothing to order", nullable=True)
    deliver_on = col.date("Day of delivery", nullable=True)
    needed_on = col.date("First day it is needed", nullable=True)
    is_late = col.boolean("It cannot be delivered by the day it is needed")
    reasoning = col.json("Every term of the calculation")
    consequence = col.text("What happens if no one acts", nullable=True)
    currency = col.text("ISO 4217 code of the cost's currency; empty: nothing to order", nullable=True)
    left_out_quantity = col.number(
        "Part of the net requirement that the supplier's largest order or the storage limit leaves out of the order, "
        "in the ingredient's unit",
        default=0.0,
    )
    expiring_quantity = col.number(
        "Part of the order that will expire before it is used, because its minimum or pack is more than is needed, "
        "in the ingredient's unit",
        default=0.0,
    )
    version = col.integer("Version of the plan", minimum=1, default=1)
    proposal_number = col.text("Purchase proposal whose line it is; empty: nothing to order", nullable=True)

    @dy.rule()
    def net_requirement_is_what_is_not_covered(cls) -> pl.Expr:
        """net_requirement = gross_requirement + safety_stock - on_hand - scheduled_receipts, at least 0."""
        required = pl.col("gross_requirement") + pl.col("safety_stock")
        return equal("net_requirement", (required - pl.col("on_hand") - pl.col("scheduled_receipts")).clip(0.0))

    @dy.rule()
    def orders_cover_the_net_requirement(cls) -> pl.Expr:
        """Where anything is ordered, planned_order_quantity is at least net_requirement less left_out_quantity."""
        ordered = pl.col("planned_order_quantity")
        wanted = pl.col("net_requirement") - pl.col("left_out_quantity")
        return (ordered == 0) | (ordered >= wanted - TOLERANCE)


class InventoryProjections(PlanRow):
    """Projected stock for two weeks. closing = opening + receipts - consumption - expired."""

    item_kind = col.choice("What it is", ("ingredient", "product"), primary_key=True)
    item_id = col.key_text("Ingredient or product", primary_key=True)
    projection_date = col.date("The day", primary_key=True)
    opening = col.number("Stock in the morning, in the item's unit; empty: not known", nullable=True)
    receipts = col.number("Deliveries and baking, open orders and this plan's together, in the item's unit")
    planned_receipts = col.number(
        "Part of the receipts that this plan proposes and is not ordered yet, in the item's unit"
    )
    gross_requirement = col.number("Quantity the day requires, in the item's unit")
    consumption = col.number("Part of the requirement that stock covers, in the item's unit")
    unmet = col.number("Part of the requirement that stock does not cover, in the item's unit")
    expired = col.number("Stock past its last day in the evening, in the item's unit")
    closing = col.number("Stock in the evening, in the item's unit; empty: not known", nullable=True)
    days_of_cover = col.number(
        "Days the closing stock lasts at the mean requirement; empty: nothing is required, or stock is not known",
        nullable=True,
    )
    stockout_risk = col.choice("Whether it may run out, unknown where stock is not known", STOCKOUT_RISKS)
    receipts_after_baking = col.number(
        "Part of the receipts that arrives when the day's baking has begun, usable the next day, in the item's unit"
    )

    @dy.rule()
    def unknown_stock_claims_nothing(cls) -> pl.Expr:
        """Where stock is not known, opening and closing are empty, and nothing is said to be short or to expire."""
        is_unknown = pl.col("stockout_risk") == "unknown"
        has_figures = pl.col("opening").is_not_null() & pl.col("closing").is_not_null()
        has_none = pl.col("opening").is_null() & pl.col("closing").is_null()
        claims_nothing = has_none & (pl.col("unmet") + pl.col("expired") == 0)
        return pl.when(is_unknown).then(claims_nothing).otherwise(has_figures)

    @dy.rule()
    def what_comes_after_baking_is_not_baked(cls) -> pl.Expr:
        """consumption <= opening + receipts - receipts_after_baking."""
        there = pl.col("opening") + pl.col("receipts") - pl.col("receipts_after_baking")
        return pl.col("consumption") <= there + TOLERANCE

    @dy.rule()
    def stock_is_conserved(cls) -> pl.Expr:
        """closing = opening + receipts - consumption - expired."""
        left = pl.col("opening") + pl.col("receipts") - pl.col("consumption") - pl.col("expired")
        return equal("closing", left)

    @dy.rule()
    def requirements_are_consumed_or_unmet(cls) -> pl.Expr:
        """gross_requirement = consumption + unmet."""
        return equal("gross_requirement", pl.col("consumption") + pl.col("unmet"))

    @dy.rule()
    def planned_receipts_are_receipts(cls) -> pl.Expr:
        """planned_receipts <= receipts."""
        return pl.col("planned_receipts") <= pl.col("receipts") + TOLERANCE

    @dy.rule()
    def days_open_with_the_closing_before(cls) -> pl.Expr:
        """A day's opening is the closing of the day before it."""
        item = ["tenant_id", "plan_date", "item_kind", "item_id"]
        before = pl.col("closing").shift(1).over(item, order_by="projection_date")
        return before.is_null() | equal("opening", before)


class AccuracyMetrics(dy.Schema):
    """How good a group of forecasts was against sales; formulas and sources are in ``bakery_assets.metrics``."""

    mae = col.metric("Mean absolute error, in units")
    mape = col.metric("Mean absolute percentage error of the rows with sales, as a fraction")
    rmse = col.metric("Root mean squared error, in units")
    r2 = col.metric("Coefficient of determination; empty: the sales do not vary")
    accuracy = col.metric("1 - WAPE, at least 0, as a fraction")
    wape = col.metric("Sum of absolute errors over sum of sales, as a fraction")
    mase = col.metric("Mean over the rows of absolute error over mase_scale (see validation_results)")
    bias = col.metric("Sum of errors over sum of sales, as a fraction; above 0: forecast too much")
    coverage = col.number(
        "Share of rows whose sales lay between q10 and q90, as a fraction", maximum=1.0, nullable=True
    )
    pinball = col.metric("Mean pinball loss of the five quantiles over sum of sales, as a fraction")
    forecasts_evaluated = col.integer("Forecast rows compared")
    forecasts_with_actuals = col.integer("Of these, rows with recorded sales")
    sold_out_series = col.integer("Of these, rows that sold out; demand is not known there, so no metric counts them")


class ValidationRuns(PlanRow):
    """A past day's one-day-ahead forecast against sales."""

    validation_date = col.date("Day that is checked", primary_key=True)
    status = col.choice("Outcome", ("validated", "closed", "no_forecast", "no_sales", "incomplete"))
    # AccuracyMetrics, in the order in which the table got its columns.
    mae = AccuracyMetrics.mae
    mape = AccuracyMetrics.mape
    rmse = AccuracyMetrics.rmse
    r2 = AccuracyMetrics.r2
    accuracy = AccuracyMetrics.accuracy
    wape = AccuracyMetrics.wape
    bias = AccuracyMetrics.bias
    coverage = AccuracyMetrics.coverage
    forecasts_evaluated = AccuracyMetrics.forecasts_evaluated
    forecasts_with_actuals = AccuracyMetrics.forecasts_with_actuals
    mase = AccuracyMetrics.mase
    pinball = AccuracyMetrics.pinball
    lead_days = col.integer(
        "Days from the evaluated forecast to the day: 0, made that morning; empty: no forecast", nullable=True
    )
    sold_out_series = AccuracyMetrics.sold_out_series
    wape_7d = col.metric("WAPE of the last 7 validated days together, this one included; empty: there are fewer")
    wape_7d_before = col.metric("WAPE of the 7 validated days before these; empty: there are fewer")
    trend = col.choice(
        "wape_7d against wape_7d_before, stable within 5% of it", ("improving", "stable", "worsening", "unknown")
    )


class ValidationResults(PlanRow):
    """A past day's one-day-ahead forecast against sales, by product and location."""

    validation_date = col.date("Day that is checked", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    yhat = col.number("Forecast, in units")
    actual = col.number("Sales in units, net of refunds", minimum=None)
    error = col.metric("Forecast minus sales, in units", nullable=False)
    is_covered = col.boolean("Sales lay between q10 and q90")
    is_sold_out = col.boolean("It sold out: demand was higher than sales")
    mase_scale = col.number(
        "Mean absolute difference of the series' sales to a week before, over the 8 weeks before the day, in units; "
        "empty: not defined",
        nullable=True,
    )

    @dy.rule()
    def error_is_forecast_minus_actual(cls) -> pl.Expr:
        """Up to rounding."""
        return (pl.col("error") - (pl.col("yhat") - pl.col("actual"))).abs() <= ROUNDING


class _LeadKey(PlanRow):
    validation_date = col.date("Day that is checked", primary_key=True)
    lead_days = col.integer(
        "Days from the plan that made the forecast to the day; 0: that morning's plan", primary_key=True
    )


class ValidationLeads(_LeadKey, AccuracyMetrics):
    """Accuracy of a past day's forecasts, by how many days before they were made."""


class _LocationKey(PlanRow):
    validation_date = col.date("Day that is checked", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)


class ValidationLocations(_LocationKey, AccuracyMetrics):
    """Accuracy of a past day's forecasts, by shop."""


class _ProductKey(PlanRow):
    validation_date = col.date("Day that is checked", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)


class ValidationProducts(_ProductKey, AccuracyMetrics):
    """Accuracy of a past day's forecasts, by product over all shops, with the best and worst products."""

    wape_28d = col.metric("WAPE of its rows of the 28 days up to this one together; empty: nothing sold")
    mape_28d = col.metric("MAPE of the same rows, as a fraction")
    days_28d = col.integer("Days among these that count")
    rank_best = col.integer(
        "1: smallest wape_28d of the bakery's products; empty: not among the best five", minimum=1, nullable=True
    )
    rank_worst = col.integer(
        "1: largest wape_28d of the bakery's products; empty: not among the worst five", minimum=1, nullable=True
    )


class OverrideScores(PlanRow):
    """Whether a human override of a forecast was closer to sales than the system."""

    validation_date = col.date("Day that is checked", primary_key=True)
    override_id = col.key_text("The override", primary_key=True)
    product_id = col.key_text("The product")
    who = col.text("Who overrode the forecast", nullable=True)
    reason = col.text("Why", nullable=True)
    locations = col.integer("Shops that traded and whose forecasts it changed; the figures are their sums")
    yhat = col.number("Forecast with the override, in units")
    system_yhat = col.number("Forecast without it, in units")
    actual = col.number("Sales in units, net of refunds", minimum=None)
    human_error = col.metric("Forecast with the override minus sales, in units", nullable=False)
    system_error = col.metric("Forecast without it minus sales, in units", nullable=False)
    closer = col.choice("Whose error was smaller", ("human", "system", "tie"))

    @dy.rule()
    def errors_are_forecast_minus_actual(cls) -> pl.Expr:
        """Up to rounding."""
        human = pl.col("human_error") - (pl.col("yhat") - pl.col("actual"))
        system = pl.col("system_error") - (pl.col("system_yhat") - pl.col("actual"))
        return (human.abs() <= ROUNDING) & (system.abs() <= ROUNDING)


class DailySummaries(PlanRow):
    """A bakery's day in one row."""

    is_closed = col.boolean("The bakery is closed that day")
    forecast_quantity = col.number("Units expected to sell on the plan date")
    forecast_revenue = col.number("The same at list price, in the tenant's currency", nullable=True)
    products = col.integer("Products forecast")
    planned_quantity = col.number("Units to bake on the plan date")
    planned_batches = col.integer("Batches on the plan date")
    orders_14d = col.integer("Orders to place within 14 days")
    order_cost_14d = col.number(
        "Cost of these orders in the tenant's currency, without those in a currency of which no exchange rate is known"
    )
    items_at_risk_14d = col.integer("Items that may run out within 14 days")
    accuracy = col.metric("Accuracy of the last validated day, 1 - WAPE, at least 0, as a fraction")
    alerts = col.integer("Causes found that need a person")
    headline = col.text("The day in one sentence")


class PlanChanges(PlanRow):
    """What a version of a plan changes against the one before it, batch by batch and order by order."""

    change_number = col.key_text("The change", primary_key=True)
    version = col.integer("Version that made it", minimum=2)
    subject = col.choice("What is changed", ("batch", "order"))
    change = col.choice("What happened to it", ("added", "removed", "changed"))
    subject_id = col.key_text("Number of the batch; of an order the ingredient, supplier and day of delivery")
    item_id = col.key_text("Product or ingredient")
    due_date = col.date("Day it is sold or delivered", nullable=True)
    quantity_before = col.number("Quantity before, in the item's unit", nullable=True)
    quantity_after = col.number("Quantity after, in the item's unit", nullable=True)
    start_before = col.instant("Start of the batch, or deadline of the order, before", nullable=True)
    start_after = col.instant("Start of the batch, or deadline of the order, after", nullable=True)
    cause = col.choice("What the version was made for", VERSION_CAUSES)
    term = col.text("Term of the calculation that changed most; empty: only times changed", nullable=True)
    term_before = col.number("Its value before", minimum=None, nullable=True)
    term_after = col.number("Its value after", minimum=None, nullable=True)


class Findings(PlanRow):
    """What a day's plan found that needs a person; one row per cause."""

    cause = col.key_text("What is wrong with what; the same in the plan of every day that finds it", primary_key=True)
    kind = col.choice("What it is about", ALERT_KINDS)
    subject = col.text("Product, ingredient, supplier or stage concerned", nullable=True)
    alert_class = col.choice("Group of kinds", ALERT_CLASSES)
    severity = col.choice("How bad it is", SEVERITIES)
    priority = col.integer(
        "How urgent it is: severity up to 60, hours to the deadline up to 25, what is at stake up to 15; of deliveries"
        " 70 where one arrives soon, 80, 85 or 95",
        maximum=100,
    )
    deadline = col.instant("Until when something can be done about it; empty: none", nullable=True)
    message = col.text("What a person should know")
    reasoning = col.json("Every term of the calculation")
    consequence = col.text("What happens if no one acts", nullable=True)
    suggested_action = col.text("What a person can do about it")


class Alerts(dy.Schema):
    """What needs a person's attention, from the day it was first found until it is resolved; across plans."""

    tenant_id = col.tenant_id()
    alert_id = col.key_text("The alert: its cause and the day on which it was opened", primary_key=True)
    cause = col.key_text("What is wrong with what; see findings")
    kind = Findings.kind
    subject = Findings.subject
    alert_class = Findings.alert_class
    severity = Findings.severity
    priority = Findings.priority
    deadline = Findings.deadline
    status = col.choice("Where it stands", ALERT_STATUSES)
    opened_on = col.date("Date of the plan that opened it; of deliveries the local date of opened_at")
    opened_at = col.instant("Planning instant of that plan; of deliveries the threshold that was passed")
    updated_at = col.instant("When it last changed: by a plan, an acknowledgement or its resolution")
    escalated_at = col.instant(
        "When its severity last rose; acknowledgements before that do not count; empty: never", nullable=True
    )
    last_plan_date = col.date(
        "Date of the last plan that found it; of deliveries the date on which it was last reported"
    )
    last_planned_as_of = col.instant("Planning instant of that plan; of deliveries when it was last reported")
    recurrence_of = col.text(
        "The last alert about the same cause, resolved less than 28 days before; empty: none", nullable=True
    )
    acknowledged_by = col.text("Who has seen it", nullable=True)
    acknowledged_at = col.instant("When that was recorded", nullable=True)
    acknowledgement_note = col.text("What was done", nullable=True)
    resolved_on = col.date("Date of the plan that resolved it; of deliveries the date of that", nullable=True)
    resolved_at = col.instant("Planning instant of that plan; of deliveries when it was found over", nullable=True)
    resolution = col.text("Why it went", nullable=True)
    message = Findings.message
    reasoning = Findings.reasoning
    consequence = Findings.consequence
    suggested_action = Findings.suggested_action

    @dy.rule()
    def resolved_alerts_say_why(cls) -> pl.Expr:
        """Resolved and archived alerts have resolved_on, resolved_at and resolution, others have none of them."""
        is_over = pl.col("status").is_in(("resolved", "archived"))
        return pl.all_horizontal(
            pl.col(name).is_not_null() == is_over for name in ("resolved_on", "resolved_at", "resolution")
        )

    @dy.rule()
    def one_alert_per_cause_is_open(cls) -> pl.Expr:
        """A tenant has no two alerts about one cause that are open or acknowledged."""
        is_open = pl.col("status").is_in(("open", "acknowledged"))
        return ~is_open | (is_open.sum().over("tenant_id", "cause") == 1)


class DecisionOutcomes(dy.Schema):
    """What decisions came to when they were judged; each is judged once."""

    tenant_id = col.tenant_id()
    decision_id = col.key_text("The decision", primary_key=True)
    outcome = col.choice("Whether it holds", ("accepted", "refused"))
    reason = col.text("Why it does not", nullable=True)
    judged_at = col.instant("When it was judged")


class Events(dy.Schema):
    """What became of plans, orders and deliveries, with the attributes of CloudEvents 1.0; rows are only appended.

    Each is written in the transaction of what it tells. `specversion` is 1.0 and `datacontenttype` application/json.
    """

    tenant_id = col.tenant_id()
    event_id = col.key_text("The event; follows from what it tells, so that none is written twice", primary_key=True)
    type = col.key_text("What happened, for example procurement.plan.approved")
    source = col.key_text("Who tells it; no two events of a source have the same id")
    subject = col.key_text("What it happened to")
    time = col.instant("When it happened")
    data = col.json("What belongs to it")


class Boosters(dy.Schema):
    """Gradient-boosted trees fitted on a sample of all tenants' series; they hold no tenant's rows."""

    booster_id = col.key_text("Digest of the trees", primary_key=True)
    trained_through = col.date("Last day of sales in its training data")
    trained_at = col.instant("When it was fitted")
    trees = col.text("The trees in LightGBM's own text format")
    holdout_trees = col.text("The same fitted without the last weeks, on which models are compared")
    holdout_from = col.date("First day after the training data of the holdout trees")
    parameters = col.json("Features, settings, sample and library version")
    day_effects = col.json("Effects of holidays and the days around them, of each country with enough tenants")
    holiday_closings = col.json("Fraction of shops closed on each holiday, of each country with enough tenants")


class ModelVersions(dy.Schema):
    """Trained models of a tenant; the champion makes its forecasts."""

    tenant_id = col.tenant_id()
    model_version = col.key_text("The version", primary_key=True)
    role = col.choice("What it is", ("champion", "challenger", "retired", "rolled_back"))
    trained_at = col.instant("When it was trained")
    trained_as_of = col.instant("Facts recorded up to this instant were used")
    trained_through = col.date("Last day of sales in its training data")
    booster_id = col.text("Trees it uses; empty: none", nullable=True)
    effects = col.json("Factors of special days, learned closures and error quantiles of the tenant")
    facts = col.json("What it was trained on: series, days, digest")
    libraries = col.json("Library versions")
    scores = col.json("Backtest scores by model")
    champion_from = col.instant("First planning instant that uses it; empty: none does", nullable=True)
    champion_until = col.instant("First planning instant that no longer uses it; empty: still in use", nullable=True)


class SeriesModels(dy.Schema):
    """The model chosen for each series of a model version, as data."""

    tenant_id = col.tenant_id()
    model_version = col.key_text("The version", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    model = col.choice("Model chosen by backtest", SERIES_MODELS)
    parameters = col.json("What the model needs to be applied: weights, smoothing, levels")
    error_quantiles = col.json("Quantiles of relative errors, by level")
    scores = col.json("Backtest scores of the models compared")
    trained_as_of = col.instant("Facts up to this instant were used; before the version's own: carried over")


class RetrainingRuns(dy.Schema):
    """Every retraining of a tenant's models: why, how it went, whether it helped."""

    tenant_id = col.tenant_id()
    retraining_id = col.key_text("The retraining", primary_key=True)
    state = col.choice(
        "State of the retraining",
        (
            "requested",
            "running",
            "not_needed",
            "gated",
            "promoted",
            "not_better",
            "confirmed",
            "rolled_back",
            "failed",
        ),
    )
    requested_by = col.choice("Who requested it", ("schedule", "person"))
    requested_at = col.instant("When it was requested")
    trained_as_of = col.instant("Facts recorded up to this instant count")
    series = col.integer("Series the tenant has")
    series_triggered = col.integer("Of these, series with a trigger")
    old_version = col.text("Champion before", nullable=True)
    new_version = col.text("Version trained", nullable=True)
    gate = col.json("What the data-quality gate found", nullable=True)
    backtest_wape_old = col.metric("Backtest WAPE of the old champion, as a fraction")
    backtest_wape_new = col.metric("Backtest WAPE of the new version, as a fraction")
    days_reviewed = col.integer("Days after the promotion compared so far", default=0)
    live_wape_old = col.metric("WAPE the old version would have had on these days, as a fraction")
    live_wape_new = col.metric("WAPE of the new version on these days, as a fraction")
    reason = col.text("Why it ended in this state", nullable=True)
    dagster_run_id = col.text("Run that did it", nullable=True)
    finished_at = col.instant("When it ended", nullable=True)


class RetrainingTriggers(dy.Schema):
    """Why a series was to be retrained, with the numbers."""

    tenant_id = col.tenant_id()
    retraining_id = col.key_text("The retraining", primary_key=True)
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    kind = col.choice(
        "What triggered it", ("mape", "mape_rise", "age", "request", "no_model", "level_shift"), primary_key=True
    )
    value = col.metric("The measured number: a fraction for MAPE, days for age")
    threshold = col.metric("What it was compared with, in the same unit")
    explanation = col.text("In a sentence")


TABLES: tuple[type[dy.Schema], ...] = (
    PlanningRuns, PlanVersions, PublishedBatches, PublishedOrders, PublishedProposals, PublishedDistributions,
    StockMovements, StockBalances, UnexplainedUsage, StockClosingBalances, DemandForecasts, ForecastHistory,
    HolidayOpenings, TargetStockLevels, ProductionSchedules, ProductionBatches, MasterDataFaults, DistributionPlans,
    ProcurementPlans,
    PurchaseProposals, ProcurementRequirements, InventoryProjections, ValidationRuns, ValidationResults,
    ValidationLeads, ValidationLocations, ValidationProducts, OverrideScores, DailySummaries, PlanChanges, Findings,
    Alerts, DecisionOutcomes, Events, Boosters, ModelVersions, SeriesModels, RetrainingRuns, RetrainingTriggers,
)  # fmt: skip
