"""Schema ``ops``: what others write. Master data that is kept current, and facts that are only appended.

``table(..., fact=...)`` marks an append-only fact and says from which column its ``recorded_at`` (when
we learned it) follows where the file does not give one: the end of that local day, that instant, or
``"load"`` for the moment of loading. ``creates`` names what a load may add when a row refers to it.
"""

from sqlalchemy import CheckConstraint, Column, Computed, Identity, Index, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import BIGINT, TEXT, TIMESTAMP
from sqlalchemy.sql import func

from resources.schema.columns import (
    belongs_to_tenant,
    choice,
    clock_time,
    code,
    day,
    exactly_one,
    identity,
    instant,
    key_with_gaps,
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
MAIN_LOCATION = "main"
UNITS = ("piece", "kg", "g", "l", "ml")
RECORDED = "When we learned this; what a plan may know is decided by it"


def _tenant() -> Column[str]:
    return code("tenant_id", "The bakery")


def _location() -> Column[str]:
    return words("location_id", "Shop or kitchen", default=MAIN_LOCATION)


def _transaction() -> Column[int]:
    return transaction("transaction_id", "Transaction that wrote the row; late sales are found by it")


tenants = table(
    "tenants", "ops", "Bakeries, each with its own clock.",
    identity("tenant_id", "The bakery; letters, digits, . _ and -", primary_key=True),
    words("name", "Name that people read"),
    Column("timezone", TEXT, nullable=False, comment="IANA time zone", info={"zone": True}),
    code("country", "ISO 3166 country code, for public holidays"),
    words("currency", "ISO 4217 code of every price of this tenant", default="EUR"),
    words("region", "Subdivision code, for regional holidays", optional=True),
    choice("tier", "Service tier", ("starter", "professional", "enterprise"), default="starter"),
    choice("status", "Whether it is planned", ("active", "suspended", "cancelled", "demo"), default="active"),
    clock_time("planning_time", "Local time by which the day is planned", default="05:30"),
    # Raises for a name PostgreSQL does not know: such a tenant could never be planned.
    CheckConstraint("timezone(timezone, TIMESTAMP '2000-01-01') IS NOT NULL", name="timezone"),
)

locations = table(
    "locations", "ops", "Shops and kitchens of a tenant; every tenant has `main`.",
    _tenant(), code("location_id", "Shop or kitchen"), words("name", "Name that people read", optional=True),
    PrimaryKeyConstraint("tenant_id", "location_id"), belongs_to_tenant(),
)

products = table(
    "products", "ops", "What the bakery sells.",
    _tenant(), code("product_id", "The product"), words("name", "Name that people read"),
    words("category", "Group, for example bread", optional=True),
    choice("unit", "Unit of every quantity of this product", UNITS, default="piece"),
    number("price", "Selling price per unit, in the tenant's currency", optional=True),
    number("unit_cost", "Cost to make one unit", optional=True),
    number("salvage_value", "What an unsold unit still brings", optional=True),
    whole("shelf_life_days", "Days it can be sold, 1: only on the day it was baked", minimum=1, default=1),
    number("batch_min", "Smallest batch worth making, in units", optional=True),
    number("batch_max", "Largest batch that can be made at once, in units", optional=True),
    number("batch_multiple", "Batches are a multiple of this, in units", optional=True),
    day("discontinued_on", "First day it is no longer sold", optional=True),
    PrimaryKeyConstraint("tenant_id", "product_id"), belongs_to_tenant(),
)

ingredients = table(
    "ingredients", "ops", "What is bought.",
    _tenant(), code("ingredient_id", "The ingredient"), words("name", "Name that people read"),
    choice("unit", "Unit of every quantity of this ingredient", UNITS, default="kg"),
    number("safety_stock", "Quantity that should always be left", default=0.0),
    whole("shelf_life_days", "Days it keeps from delivery on", minimum=1, optional=True),
    PrimaryKeyConstraint("tenant_id", "ingredient_id"), belongs_to_tenant(),
)

recipes = table(
    "recipes", "ops", "How a product, or an intermediate such as a dough, is made.",
    _tenant(), code("recipe_id", "The recipe; also the name of the intermediate it makes"),
    words("product_id", "Product it makes; empty: an intermediate", optional=True),
    words("name", "Name that people read", optional=True),
    number("yield_quantity", "Quantity one execution makes, before loss", minimum=1e-6, default=1.0),
    choice("yield_unit", "Unit of the yield", UNITS, default="piece"),
    number("loss_fraction", "Share of the yield lost in making, 0.05: five percent", maximum=0.99, default=0.0),
    whole("make_days", "Days before use that it has to be begun", maximum=30, default=0),
    PrimaryKeyConstraint("tenant_id", "recipe_id"), belongs_to_tenant(),
    refers("product_id", "ops.products"),
)

recipe_lines = table(
    "recipe_lines", "ops", "What one execution of a recipe takes.",
    _tenant(), code("recipe_id", "The recipe"), whole("line_number", "Order of the lines"),
    words("ingredient_id", "Ingredient it takes", optional=True),
    words("component_recipe_id", "Intermediate it takes", optional=True),
    number("quantity", "Quantity for one execution"),
    choice("unit", "Unit of the quantity", UNITS, default="kg"),
    number("loss_fraction", "Share lost in handling, 0.02: two percent", maximum=0.99, default=0.0),
    PrimaryKeyConstraint("tenant_id", "recipe_id", "line_number"), belongs_to_tenant(),
    refers("recipe_id", "ops.recipes"), refers("ingredient_id", "ops.ingredients"),
    refers("component_recipe_id", "ops.recipes", "recipe_id"),
    exactly_one("ingredient_id", "component_recipe_id"),
)

suppliers = table(
    "suppliers", "ops", "Who is ordered from.",
    _tenant(), code("supplier_id", "The supplier"), words("name", "Name that people read"),
    words("currency", "ISO 4217 code of its prices", optional=True),
    number("minimum_order_value", "Smallest order it accepts, in its currency", default=0.0),
    whole("lead_time_days", "Days from order to delivery", maximum=365, default=1),
    words("delivery_weekdays", "Days it delivers, as mon,tue,…; empty: every day", optional=True),
    clock_time("order_cutoff_time", "Local time by which an order counts for that day", default="18:00"),
    number("reliability", "Share of deliveries on time and complete", maximum=1.0, default=1.0),
    PrimaryKeyConstraint("tenant_id", "supplier_id"), belongs_to_tenant(),
)

supplier_items = table(
    "supplier_items", "ops", "What a supplier sells, and in which packs.",
    _tenant(), code("supplier_id", "The supplier"), code("ingredient_id", "The ingredient"),
    number("price", "Price per unit of the ingredient"),
    number("pack_size", "Orders are a multiple of this, in the ingredient's unit; empty: any", optional=True),
    number("minimum_quantity", "Smallest order, in the ingredient's unit", default=0.0),
    whole("lead_time_days", "Days from order to delivery; empty: as the supplier's", maximum=365, optional=True),
    PrimaryKeyConstraint("tenant_id", "supplier_id", "ingredient_id"), belongs_to_tenant(),
    refers("supplier_id", "ops.suppliers"), refers("ingredient_id", "ops.ingredients"),
)

equipment = table(
    "equipment", "ops", "Ovens, mixers, proofers.",
    _tenant(), code("equipment_id", "The machine"), words("name", "Name that people read"),
    choice("kind", "What it does", ("mixer", "proofer", "oven", "bench", "cooler", "other")),
    number("capacity", "Units of product that one load holds; empty: a whole batch", optional=True),
    PrimaryKeyConstraint("tenant_id", "equipment_id"), belongs_to_tenant(),
)

shifts = table(
    "shifts", "ops", "When somebody works.",
    _tenant(), code("shift_id", "The shift"),
    whole("weekday", "ISO weekday, 1: Monday", minimum=1, maximum=7),
    clock_time("starts_at", "Local start"), clock_time("ends_at", "Local end; before the start: the next day"),
    whole("staff", "People at work", default=1),
    PrimaryKeyConstraint("tenant_id", "shift_id", "weekday"), belongs_to_tenant(),
)

production_steps = table(
    "production_steps", "ops", "The steps of a recipe, in order.",
    _tenant(), code("recipe_id", "The recipe"), whole("step_number", "Order of the steps"),
    words("name", "What is done"),
    choice("equipment_kind", "Machine it needs", ("mixer", "proofer", "oven", "bench", "cooler", "other")),
    number("duration_minutes", "Minutes one load takes", maximum=10_080.0),
    PrimaryKeyConstraint("tenant_id", "recipe_id", "step_number"), belongs_to_tenant(),
    refers("recipe_id", "ops.recipes"),
)

calendar = table(
    "calendar", "ops", "What is special about a day: closed, holidays, promotions, events.",
    _tenant(), day("date", "The day"),
    choice("kind", "What it is", ("closed", "holiday", "school_holiday", "promotion", "event")),
    words("product_id", "Only for this product; empty: for all", optional=True),
    words("name", "Name that people read", optional=True),
    clock_time("opens", "Local opening time", optional=True),
    clock_time("closes", "Local closing time", optional=True),
    key_with_gaps("tenant_id", "date", "kind", "product_id"), belongs_to_tenant(),
    refers("product_id", "ops.products"),
)

weather = table(
    "weather", "ops", "Weather as it was.",
    _tenant(), day("date", "The day"),
    number("temperature_c", "Mean temperature", minimum=-90.0, maximum=70.0, optional=True),
    number("rain_mm", "Rain", maximum=2_000.0, optional=True),
    PrimaryKeyConstraint("tenant_id", "date"), belongs_to_tenant(),
)

quality_templates = table(
    "quality_templates", "ops", "What is checked about a product.",
    _tenant(), code("template_id", "The check"), words("product_id", "Product checked", optional=True),
    words("name", "What is checked"),
    number("lower_limit", "Smallest good value", minimum=None, optional=True),
    number("upper_limit", "Largest good value", minimum=None, optional=True),
    PrimaryKeyConstraint("tenant_id", "template_id"), belongs_to_tenant(),
    refers("product_id", "ops.products"),
)

sales = table(
    "sales", "ops", "Sales per product and day, net of refunds.",
    _tenant(), code("product_id", "The product"), day("sales_date", "Local day of the sale"), _location(),
    number("quantity", "Units sold; negative: more came back than went", minimum=None),
    number("revenue", "Takings in the tenant's currency", minimum=None, optional=True),
    clock_time("sold_out_at", "Local time the last one went; empty: it lasted", optional=True),
    instant("recorded_at", RECORDED), _transaction(),
    PrimaryKeyConstraint("tenant_id", "product_id", "location_id", "sales_date", "recorded_at"),
    belongs_to_tenant(), refers("product_id", "ops.products"), refers("location_id", "ops.locations"),
    Index(None, "transaction_id"), Index("sales_tenant_id_sales_date_idx", "tenant_id", "sales_date"),
    fact="sales_date", creates="locations",
)

sales_hourly = table(
    "sales_hourly", "ops", "Sales per hour, and whether there was any to sell.",
    _tenant(), code("product_id", "The product"), day("sales_date", "Local day of the sale"),
    whole("hour", "Local hour of the day", maximum=23), _location(),
    number("quantity", "Units sold", minimum=None),
    number("in_stock", "Share of the hour in which it could be bought", maximum=1.0, default=1.0),
    instant("recorded_at", RECORDED), _transaction(),
    PrimaryKeyConstraint("tenant_id", "product_id", "location_id", "sales_date", "hour", "recorded_at"),
    belongs_to_tenant(), refers("product_id", "ops.products"), refers("location_id", "ops.locations"),
    Index(None, "transaction_id"),
    fact="sales_date", creates="locations",
)

customer_orders = table(
    "customer_orders", "ops", "What customers have ordered ahead.",
    _tenant(), code("order_id", "The order"), code("product_id", "The product"),
    day("due_date", "Local day it is collected"), number("quantity", "Units; 0: cancelled"),
    instant("ordered_at", "When it was ordered"), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "order_id", "product_id", "recorded_at"), belongs_to_tenant(),
    refers("product_id", "ops.products"), fact="ordered_at",
)

stock_lots = table(
    "stock_lots", "ops", "Stock as counted, by lot; the latest count of a lot holds.",
    _tenant(), code("lot_id", "The lot; no two items of a tenant share one"),
    words("product_id", "Finished product", optional=True), words("ingredient_id", "Ingredient", optional=True),
    words("recipe_id", "Intermediate", optional=True), _location(),
    number("quantity", "Quantity counted, in the item's unit"),
    day("expires_on", "Last day it may be used; empty: it keeps", optional=True),
    instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "lot_id", "recorded_at"), belongs_to_tenant(),
    refers("product_id", "ops.products"), refers("ingredient_id", "ops.ingredients"),
    refers("recipe_id", "ops.recipes"), refers("location_id", "ops.locations"),
    exactly_one("product_id", "ingredient_id", "recipe_id"), fact="load", creates="locations",
)

purchase_orders = table(
    "purchase_orders", "ops", "What has been ordered from suppliers.",
    _tenant(), code("order_id", "The order"), code("ingredient_id", "The ingredient"),
    code("supplier_id", "The supplier"),
    number("quantity", "Quantity ordered, in the ingredient's unit; 0: cancelled"),
    instant("expected_from", "Start of the delivery window"), instant("expected_to", "End of the delivery window"),
    instant("ordered_at", "When it was ordered"), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "order_id", "ingredient_id", "recorded_at"), belongs_to_tenant(),
    refers("ingredient_id", "ops.ingredients"), refers("supplier_id", "ops.suppliers"), fact="ordered_at",
)

stock_receipts = table(
    "stock_receipts", "ops", "What was delivered; raises its lot until that lot is counted again.",
    _tenant(), code("receipt_id", "The receipt"), code("lot_id", "The lot it went into"),
    code("ingredient_id", "The ingredient"), words("order_id", "Purchase order it answers", optional=True),
    _location(), number("quantity", "Quantity received, in the ingredient's unit"),
    day("expires_on", "Last day it may be used; empty: it keeps", optional=True),
    instant("received_at", "When it came"), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "receipt_id", "lot_id", "recorded_at"), belongs_to_tenant(),
    refers("ingredient_id", "ops.ingredients"), refers("location_id", "ops.locations"),
    fact="received_at", creates="locations",
)

waste = table(
    "waste", "ops", "What was thrown away.",
    _tenant(), code("waste_id", "The entry"),
    words("product_id", "Finished product", optional=True), words("ingredient_id", "Ingredient", optional=True),
    words("lot_id", "Lot it came from; empty: first expired, first out", optional=True), _location(),
    day("waste_date", "Local day"), number("quantity", "Quantity, in the item's unit"),
    words("reason", "Why", optional=True), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "waste_id", "recorded_at"), belongs_to_tenant(),
    refers("product_id", "ops.products"), refers("ingredient_id", "ops.ingredients"),
    refers("location_id", "ops.locations"), exactly_one("product_id", "ingredient_id"),
    fact="waste_date", creates="locations",
)

batch_events = table(
    "batch_events", "ops", "What happened to a planned batch.",
    _tenant(), day("plan_date", "Day of the plan that asked for it"), code("batch_number", "The batch"),
    choice("event", "What happened", ("started", "finished", "failed", "cancelled")),
    number("quantity", "Units made so far", optional=True),
    instant("happened_at", "When"), words("who", "Who says so", optional=True), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "plan_date", "batch_number", "event", "recorded_at"), belongs_to_tenant(),
    fact="happened_at",
)

quality_checks = table(
    "quality_checks", "ops", "What a check found.",
    _tenant(), code("check_id", "The finding"), code("template_id", "The check"),
    words("batch_number", "Batch looked at", optional=True),
    number("value", "Value measured", minimum=None, optional=True),
    choice("result", "Outcome", ("passed", "failed")),
    instant("checked_at", "When"), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "check_id", "recorded_at"), belongs_to_tenant(),
    refers("template_id", "ops.quality_templates"), fact="checked_at",
)

plan_decisions = table(
    "plan_decisions", "ops", "What a person decided about a plan.",
    _tenant(), code("decision_id", "The decision"), day("plan_date", "Day of the plan"),
    choice("plan", "Which plan", ("procurement_plans", "production_schedules")),
    choice("decision", "What was decided", ("approve", "reject")),
    words("reason", "Why", optional=True), words("who", "Who decided"), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "decision_id"), belongs_to_tenant(), fact="load",
)

forecast_overrides = table(
    "forecast_overrides", "ops", "What a person knows better than the forecast.",
    _tenant(), code("override_id", "The override"), code("product_id", "The product"),
    day("target_date", "Day meant"),
    number("quantity", "Quantity instead of the forecast", optional=True),
    number("factor", "Factor on the forecast", maximum=1_000.0, optional=True),
    words("reason", "Why"), words("who", "Who says so"), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "override_id"), belongs_to_tenant(),
    refers("product_id", "ops.products"), exactly_one("quantity", "factor"), fact="load",
)

alert_acknowledgements = table(
    "alert_acknowledgements", "ops", "Who has seen an alert.",
    _tenant(), day("plan_date", "Day of the plan"), code("alert_number", "The alert"),
    words("who", "Who has seen it"), words("note", "What was done", optional=True), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "plan_date", "alert_number", "recorded_at"), belongs_to_tenant(), fact="load",
)

equipment_events = table(
    "equipment_events", "ops", "When a machine failed and when it worked again.",
    _tenant(), code("equipment_id", "The machine"), choice("event", "What happened", ("down", "up")),
    instant("happened_at", "When"), words("note", "What was wrong", optional=True), instant("recorded_at", RECORDED),
    PrimaryKeyConstraint("tenant_id", "equipment_id", "event", "recorded_at"), belongs_to_tenant(),
    refers("equipment_id", "ops.equipment"), fact="happened_at",
)

# What a folder may hold, in an order in which every row's references come before it.
LOADED = (
    tenants, locations, products, ingredients, recipes, recipe_lines, suppliers, supplier_items, equipment,
    shifts, production_steps, calendar, weather, quality_templates, sales, sales_hourly, customer_orders,
    stock_lots, purchase_orders, stock_receipts, waste, batch_events, quality_checks, plan_decisions,
    forecast_overrides, alert_acknowledgements, equipment_events,
)

quarantine = table(
    "quarantine", "ops", "Rows that could not be used, whole, with why; each distinct one once.",
    Column("quarantine_id", BIGINT, Identity(always=True), primary_key=True, comment="Running number"),
    words("tenant_id", "Tenant the row names, whether or not it exists", optional=True),
    words("file", "File it came from"),
    whole("row_number", "Line in the file, the header is 1; 0: the whole file", maximum=2_000_000_000),
    words("column_name", "Column at fault; empty: the row as a whole", optional=True),
    words("reason", "What is wrong, and what to do"),
    structure("content", "The row as it was read"),
    Column("content_hash", TEXT, Computed("md5(content::text)", persisted=True), comment="Tells rows apart"),
    Column("quarantined_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now(),
           comment="When it was first met"),
    key_with_gaps("tenant_id", "file", "row_number", "column_name", "content_hash"),
)
