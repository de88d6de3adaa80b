"""Schema ``plans``: what we write. One table per asset, keyed by (tenant_id, plan_date, …).

Every row hangs on its cell's row in ``planning_runs``; a cell's rows are replaced whole.
"""

from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table
from sqlalchemy.dialects.postgresql import BOOLEAN, TEXT
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql import text as sql

from resources.schema.columns import (
    belongs_to_tenant,
    choice,
    code,
    day,
    instant,
    measure,
    number,
    refers,
    structure,
    table,
    transaction,
    whole,
    words,
)

# fmt: off
# One line a column, so that a table reads as a table.
planning_runs = table(
    "planning_runs", "plans", "State of each cell: one tenant, one local date.",
    code("tenant_id", "The bakery"), day("plan_date", "Local date that is planned"),
    choice("status", "How far it is", ("claimed", "partial", "planned", "failed")),
    instant("planned_as_of", "Facts recorded up to this planning instant were used; for late sales see facts_until"),
    whole("attempts", "How often planning was begun"),
    instant("claimed_at", "When it was last begun"),
    words("claimed_by", "Who began it: a tick of the schedule, then the Dagster run; only that run may finish it"),
    instant("finished_at", "When it was last planned or failed", optional=True),
    words("failed_stage", "Stage that failed", optional=True),
    words("reason", "Why it failed", optional=True),
    words("dagster_run_id", "Run that planned it last", optional=True),
    instant("facts_until", "Late sales: those of the days before the plan date count if recorded up to this instant, "
            "though it is after planned_as_of", optional=True),
    transaction("asked_in", "Transaction that asked for the days before to be validated again; empty: nobody asks",
                optional=True),
    transaction("begun_in", "Transactions below this had ended when it was last begun; empty: asked for since",
                optional=True),
    transaction("validated_in", "What begun_in was when the days before were last validated", optional=True),
    PrimaryKeyConstraint("tenant_id", "plan_date"), belongs_to_tenant(),
    Index("planning_runs_asked_idx", "asked_in", postgresql_where=sql("asked_in IS NOT NULL")),
)


def _plan(name: str, comment: str, key: str, *items: SchemaItem, **info: Any) -> Table:
    """A plan table: (tenant_id, plan_date) and ``key`` identify a row."""
    return table(
        name, "plans", comment,
        code("tenant_id", "The bakery"), day("plan_date", "Local date that is planned"), *items,
        PrimaryKeyConstraint("tenant_id", "plan_date", *key.split()),
        refers("plan_date", "plans.planning_runs", cascade=True),
        **info,
    )


def _reasoning() -> Column[Any]:
    return structure("reasoning", "Every term of the sum")


def _consequence() -> Column[Any]:
    return words("consequence", "What happens if nobody acts", optional=True)


demand_forecasts = _plan(
    "demand_forecasts", "What each product will sell, for seven days.", "location_id product_id target_date",
    code("location_id", "Shop or kitchen"), code("product_id", "The product"),
    day("target_date", "Day forecast; the plan date is the first"),
    number("yhat", "Expected demand, in units; a human override counts"),
    *(number(f"q{level}", f"Demand stays at or below this on {level} days of 100") for level in (10, 50, 80, 90, 95)),
    words("model", "Model that made it"), words("model_version", "Version of the model"),
    words("override_id", "Human override applied", optional=True),
    _reasoning(), number("system_yhat", "Expected demand without the human override, in units"),
    refers("product_id", "ops.products"), refers("location_id", "ops.locations"),
)

production_schedules = _plan(
    "production_schedules", "What a day's baking amounts to.", "schedule_date",
    day("schedule_date", "Day of baking"),
    choice("status", "State", ("planned", "closed", "nothing_to_bake", "over_capacity")),
    whole("total_batches", "Batches"),
    number("total_quantity", "Units of all products together"),
    instant("starts_at", "Start of the first batch", optional=True),
    instant("ends_at", "End of the last batch", optional=True),
    number("utilization", "Busy share of the busiest machine's time in the shifts; above 1: it does not fit",
           optional=True),
    _reasoning(), _consequence(),
)

production_batches = _plan(
    "production_batches", "What to bake, when, and on what.", "batch_number",
    code("batch_number", "The batch, ordered by start"), day("schedule_date", "Day of baking"),
    code("product_id", "The product"), words("recipe_id", "Recipe used", optional=True),
    number("quantity_planned", "Units"),
    instant("start_at", "Start; empty: no steps or machines are known", optional=True),
    instant("end_at", "End", optional=True),
    words("equipment_id", "Machine of the longest step", optional=True),
    whole("priority", "1 is baked first", minimum=1),
    _reasoning(), refers("product_id", "ops.products"),
    refers("plan_date schedule_date", "plans.production_schedules"),
)

procurement_plans = _plan(
    "procurement_plans", "What the orders amount to.", "version",
    whole("version", "Version of the plan", minimum=1, default=1),
    choice("status", "State", ("draft", "approved", "rejected", "superseded"), default="draft"),
    whole("orders", "Orders to place"), number("total_cost", "Cost in the tenant's currency"),
    day("first_order_by", "Day of the first deadline", optional=True), _reasoning(), _consequence(),
)

procurement_requirements = _plan(
    "procurement_requirements", "What to order from whom and by when; one row per ingredient and delivery.",
    "requirement_number",
    code("requirement_number", "The requirement, ordered by deadline"),
    code("ingredient_id", "The ingredient"), words("supplier_id", "Supplier; empty: nobody sells it", optional=True),
    number("gross", "Need within the plan, in the ingredient's unit"),
    number("on_hand", "Usable stock"), number("incoming", "Open orders"),
    number("safety_stock", "Quantity that should be left"),
    number("net", "Need that neither stock nor open orders cover"),
    number("order_quantity", "Quantity to order, after minimum and pack"),
    number("cost", "Quantity times price, in the tenant's currency"),
    instant("order_by", "Deadline of the order; empty: nothing to order", optional=True),
    day("deliver_on", "Day it comes", optional=True),
    day("needed_on", "First day it is needed", optional=True),
    Column("is_late", BOOLEAN, nullable=False, comment="It cannot come by the day it is needed"),
    _reasoning(), _consequence(), refers("ingredient_id", "ops.ingredients"), refers("supplier_id", "ops.suppliers"),
)

inventory_projections = _plan(
    "inventory_projections", "What stock will do for two weeks. closing = opening + receipts - consumption - expired.",
    "item_kind item_id projection_date",
    choice("item_kind", "What it is", ("ingredient", "product")), code("item_id", "Ingredient or product"),
    day("projection_date", "The day"),
    number("opening", "Stock in the morning, in the item's unit"),
    number("receipts", "Deliveries and baking, open orders and this plan's together"),
    number("planned_receipts", "The part of the receipts that this plan proposes and nobody has ordered yet"),
    number("required", "What the day asks for"),
    number("consumption", "What the day can have of it"),
    number("unmet", "What the day asks for and cannot have"),
    number("expired", "What is past its last day in the evening"),
    number("closing", "Stock in the evening"),
    number("days_of_cover", "Days the closing stock lasts at the mean requirement; empty: nothing is required",
           optional=True),
    choice("stockout_risk", "Whether it may run out", ("none", "low", "high")),
)

validation_runs = _plan(
    "validation_runs", "A past day's one-day-ahead forecast against what sold.", "validation_date",
    day("validation_date", "Day that is checked"),
    choice("status", "Outcome", ("validated", "closed", "no_forecast", "no_sales")),
    measure("mae", "Mean absolute error, in units"),
    measure("mape", "Mean absolute percentage error of the rows with sales, as a fraction"),
    measure("rmse", "Root mean squared error, in units"),
    measure("r2", "Coefficient of determination; empty: the sales do not vary"),
    measure("accuracy_pct", "100 (1 - WAPE), at least 0"),
    measure("wape", "Sum of absolute errors over sum of sales, as a fraction"),
    measure("bias", "Sum of errors over sum of sales, above 0: forecast too much"),
    number("coverage_pct", "Share of rows whose sales lay between q10 and q90, in percent", maximum=100.0,
           optional=True),
    whole("forecasts_evaluated", "Forecast rows of that day"),
    whole("forecasts_with_actuals", "Of these, rows with recorded sales"),
    measure("mase", "Mean over the rows of error over scale (see validation_results), absolute"),
    measure("pinball", "Mean pinball loss of the five quantiles over sum of sales, as a fraction"),
    whole("lead_days", "Days from the forecast that is judged here to the day: 0, made that morning; empty: none",
          optional=True),
    whole("sold_out_series", "Of the rows, those that sold out: what would have sold is not known, so no measure "
          "counts them"),
    measure("wape_7d", "WAPE of the last 7 validated days together, this one included; empty: there are fewer"),
    measure("wape_7d_before", "WAPE of the 7 validated days before these; empty: there are fewer"),
    choice("trend", "wape_7d against wape_7d_before, stable within 5% of it",
           ("improving", "stable", "worsening", "unknown")),
)

validation_results = _plan(
    "validation_results", "The same by product and location.", "validation_date location_id product_id",
    day("validation_date", "Day that is checked"), code("location_id", "Shop or kitchen"),
    code("product_id", "The product"),
    number("yhat", "Forecast"), number("actual", "Sales, net of refunds", minimum=None),
    measure("error", "Forecast minus sales", optional=False),
    Column("is_covered", BOOLEAN, nullable=False, comment="Sales lay between q10 and q90"),
    Column("is_sold_out", BOOLEAN, nullable=False, comment="It sold out: the sales are less than was asked for"),
    number("scale", "Mean absolute difference of the series' sales to a week before, over the 8 weeks before the day; "
           "empty: not defined", optional=True),
    refers("product_id", "ops.products"), refers("plan_date validation_date", "plans.validation_runs"),
)


def _measures() -> tuple[Column[Any], ...]:
    """The measures of ``validation_runs`` over other rows."""
    return (
        measure("mae", "Mean absolute error, in units"),
        measure("mape", "Mean absolute percentage error of the rows with sales, as a fraction"),
        measure("rmse", "Root mean squared error, in units"),
        measure("r2", "Coefficient of determination; empty: the sales do not vary"),
        measure("accuracy_pct", "100 (1 - WAPE), at least 0"),
        measure("wape", "Sum of absolute errors over sum of sales, as a fraction"),
        measure("mase", "Mean over the rows of error over scale (see validation_results), absolute"),
        measure("bias", "Sum of errors over sum of sales, above 0: forecast too much"),
        number("coverage_pct", "Share of rows whose sales lay between q10 and q90, in percent", maximum=100.0,
               optional=True),
        measure("pinball", "Mean pinball loss of the five quantiles over sum of sales, as a fraction"),
        whole("forecasts_evaluated", "Forecast rows compared"),
        whole("forecasts_with_actuals", "Of these, rows with recorded sales"),
        whole("sold_out_series", "Of these, rows that sold out, which no measure counts"),
    )


validation_leads = _plan(
    "validation_leads", "How good a past day's forecasts were, by how long before they were made.",
    "validation_date lead_days",
    day("validation_date", "Day that is checked"),
    whole("lead_days", "Days from the plan that made the forecast to the day; 0: that morning's plan"),
    *_measures(), refers("plan_date validation_date", "plans.validation_runs"),
)

validation_locations = _plan(
    "validation_locations", "A past day's forecast against what sold, by shop.", "validation_date location_id",
    day("validation_date", "Day that is checked"), code("location_id", "Shop or kitchen"),
    *_measures(), refers("location_id", "ops.locations"), refers("plan_date validation_date", "plans.validation_runs"),
)

validation_products = _plan(
    "validation_products", "A past day's forecast against what sold, by product over all shops, and who does best.",
    "validation_date product_id",
    day("validation_date", "Day that is checked"), code("product_id", "The product"),
    *_measures(),
    measure("wape_28d", "WAPE of its rows of the 28 days up to this one together; empty: nothing sold"),
    measure("mape_28d", "MAPE of the same rows"),
    whole("days_28d", "Days among these that count"),
    whole("rank_best", "1: smallest wape_28d of the bakery's products; empty: not among the best five", minimum=1,
          optional=True),
    whole("rank_worst", "1: largest wape_28d of the bakery's products; empty: not among the worst five", minimum=1,
          optional=True),
    refers("product_id", "ops.products"), refers("plan_date validation_date", "plans.validation_runs"),
)

override_scores = _plan(
    "override_scores", "Who was nearer: the person who overrode a forecast, or the system.",
    "validation_date override_id",
    day("validation_date", "Day that is checked"), code("override_id", "The override"),
    code("product_id", "The product"),
    words("who", "Who said so", optional=True), words("reason", "Why", optional=True),
    whole("locations", "Shops that traded and whose forecasts it changed; the figures are their sums"),
    number("yhat", "Forecast with the override, in units"),
    number("system_yhat", "Forecast without it, in units"),
    number("actual", "Sales, net of refunds", minimum=None),
    measure("human_error", "Forecast with the override minus sales", optional=False),
    measure("system_error", "Forecast without it minus sales", optional=False),
    choice("nearer", "Whose error was smaller", ("human", "system", "tie")),
    refers("product_id", "ops.products"), refers("plan_date validation_date", "plans.validation_runs"),
)

daily_summaries = _plan(
    "daily_summaries", "A bakery's morning on one row.", "",
    Column("is_closed", BOOLEAN, nullable=False, comment="The bakery is closed that day"),
    number("forecast_quantity", "Units expected to sell on the plan date"),
    number("forecast_revenue", "At list price, in the tenant's currency", optional=True),
    whole("products", "Products forecast"),
    number("planned_quantity", "Units to bake on the plan date"),
    whole("planned_batches", "Batches on the plan date"),
    whole("orders", "Orders to place"), number("order_cost", "Their cost, in the tenant's currency"),
    whole("items_at_risk", "Items that may run out within two weeks"),
    measure("accuracy_pct", "Accuracy of the last validated day"),
    whole("alerts", "What needs a person"),
    words("headline", "The morning in one sentence"),
)

alerts = _plan(
    "alerts", "What needs a person, and why.", "alert_number",
    code("alert_number", "The alert"),
    choice("severity", "How urgent", ("info", "warning", "critical")),
    words("kind", "What it is about, for example late_delivery"),
    words("subject", "Product, ingredient or machine concerned", optional=True),
    words("message", "What a person should know"),
    _reasoning(), _consequence(),
)

boosters = table(
    "boosters", "plans", "Boosted trees fitted on a sample of all tenants' series; they hold no tenant's rows.",
    code("booster_id", "Digest of the trees"),
    day("trained_through", "Last day of sales it has seen"),
    instant("trained_at", "When it was fitted"),
    Column("trees", TEXT, nullable=False, comment="The trees in LightGBM's own text format"),
    Column("holdout_trees", TEXT, nullable=False,
           comment="The same fitted without the last weeks, on which models are compared"),
    day("holdout_from", "First day the holdout trees have not seen"),
    structure("parameters", "Features, settings, sample and library version"),
    PrimaryKeyConstraint("booster_id"),
)

model_versions = table(
    "model_versions", "plans", "Trained models of a tenant; the champion makes its forecasts.",
    code("tenant_id", "The bakery"), code("model_version", "The version"),
    choice("role", "What it is", ("champion", "challenger", "retired", "rolled_back")),
    instant("trained_at", "When it was trained"),
    instant("trained_as_of", "Facts recorded up to this instant were used"),
    day("trained_through", "Last day of sales it has seen"),
    words("booster_id", "Trees it uses; empty: none", optional=True),
    structure("effects", "What special days sell, closing days learnt, error quantiles of the tenant"),
    structure("facts", "What it was trained on: series, days, digest"),
    structure("libraries", "Library versions"),
    structure("scores", "Backtest scores by model"),
    instant("champion_from", "Planning instants from here on use it; empty: none does", optional=True),
    instant("champion_until", "Planning instants from here on do not; empty: they do", optional=True),
    PrimaryKeyConstraint("tenant_id", "model_version"), belongs_to_tenant(),
    ForeignKeyConstraint(["booster_id"], ["plans.boosters.booster_id"]),
    Index("model_versions_one_champion", "tenant_id", unique=True, postgresql_where=sql("role = 'champion'")),
)

series_models = table(
    "series_models", "plans", "The model chosen for each series of a model version, as data.",
    code("tenant_id", "The bakery"), code("model_version", "The version"),
    code("location_id", "Shop or kitchen"), code("product_id", "The product"),
    words("model", "Model chosen by backtest"),
    structure("parameters", "What the model needs to be applied: weights, smoothing, levels"),
    structure("error_quantiles", "Quantiles of relative errors, by level"),
    structure("scores", "Backtest scores of the models compared"),
    instant("trained_as_of", "Facts up to this instant were used; before the version's own: carried over"),
    PrimaryKeyConstraint("tenant_id", "model_version", "location_id", "product_id"), belongs_to_tenant(),
    refers("model_version", "plans.model_versions", cascade=True),
    refers("product_id", "ops.products"), refers("location_id", "ops.locations"),
)

retraining_runs = table(
    "retraining_runs", "plans", "Every retraining of a tenant's models: why, how it went, whether it helped.",
    code("tenant_id", "The bakery"), code("retraining_id", "The retraining"),
    choice("state", "How far it is",
           ("requested", "running", "not_needed", "gated", "promoted", "not_better", "confirmed", "rolled_back",
            "failed")),
    choice("requested_by", "Who asked", ("schedule", "person")),
    instant("requested_at", "When"),
    instant("trained_as_of", "Facts recorded up to this instant count"),
    whole("series", "Series the tenant has"), whole("series_triggered", "Of these, series with a trigger"),
    words("old_version", "Champion before", optional=True), words("new_version", "Version trained", optional=True),
    structure("gate", "What the data-quality gate found", optional=True),
    measure("backtest_wape_old", "Backtest WAPE of the old champion, as a fraction"),
    measure("backtest_wape_new", "Backtest WAPE of the new version, as a fraction"),
    whole("days_reviewed", "Days after the promotion compared so far", default=0),
    measure("live_wape_old", "WAPE the old version would have had on these days"),
    measure("live_wape_new", "WAPE of the new version on these days"),
    words("reason", "Why it ended as it did", optional=True),
    words("dagster_run_id", "Run that did it", optional=True),
    instant("finished_at", "When it ended", optional=True),
    PrimaryKeyConstraint("tenant_id", "retraining_id"), belongs_to_tenant(),
)

retraining_triggers = table(
    "retraining_triggers", "plans", "Why a series was to be retrained, with the numbers.",
    code("tenant_id", "The bakery"), code("retraining_id", "The retraining"),
    code("location_id", "Shop or kitchen"), code("product_id", "The product"),
    choice("kind", "What set it off", ("mape", "mape_rise", "age", "request", "no_model")),
    measure("value", "The measured number: a fraction for MAPE, days for age"),
    measure("threshold", "What it was compared with"),
    words("explanation", "In a sentence"),
    PrimaryKeyConstraint("tenant_id", "retraining_id", "location_id", "product_id", "kind"), belongs_to_tenant(),
    refers("retraining_id", "plans.retraining_runs", cascade=True),
    refers("product_id", "ops.products"), refers("location_id", "ops.locations"),
)
