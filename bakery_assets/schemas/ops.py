"""The tables of schema ``ops``: what tills, apps and people write. One class a table, in the table's column order.

Master data (tenants, products, recipes, ...) is kept current; facts are only appended and carry ``recorded_at``.
Foreign keys, indexes and what only the database has are in ``resources.schema.ops``; what we write is in ``plans``.
"""

import dataframely as dy

from bakery_assets.schemas import columns as col
from bakery_assets.schemas.rules import exactly_one, unique_together
from bakery_assets.schemas.setting_keys import SAFETY_STOCK_RULES, ValueFitsKey

BATCH_EVENTS = ("confirmed", "started", "quality_check", "finished", "failed", "cancelled")
DECISIONS = ("approve", "reject", "change", "cancel", "regenerate")
ORDER_EVENTS = ("sent", "confirmed")


class Tenants(dy.Schema):
    """Bakeries, each with its own clock."""

    tenant_id = col.slug("The bakery; letters, digits, . _ and -", primary_key=True)
    name = col.text("Name that people read")
    timezone = col.timezone()
    country = col.key_text("ISO 3166 country code, for public holidays")
    currency = col.text("ISO 4217 code of every price of this tenant", default="EUR")
    region = col.text("Subdivision code, for regional holidays", nullable=True)
    tier = col.choice("Service tier", ("starter", "professional", "enterprise"), default="starter")
    status = col.choice("Whether it is planned", ("active", "suspended", "cancelled", "demo"), default="active")
    planning_time = col.time(
        "Local time at which a day is planned; empty: an hour before the first start of work for it, 05:30 without"
        " shifts",
        nullable=True,
    )


class Locations(dy.Schema):
    """Shops and kitchens of a tenant; every tenant has `main`."""

    tenant_id = col.tenant_id()
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    name = col.text("Name that people read", nullable=True)
    kitchen_id = col.text("Location that bakes for it; empty: main", nullable=True)
    minutes_from_kitchen = col.integer("Minutes on the way from that kitchen; empty: 0", maximum=1_440, nullable=True)


class TenantSettings(dy.Schema):
    """What a tenant has chosen."""

    tenant_id = col.tenant_id()
    key = col.key_text("What is chosen; one of the keys listed in the contract", primary_key=True)
    value = col.key_text("The choice, as text")
    valid_from = col.date("First day it holds", primary_key=True)

    value_fits_key = dy.rule()(ValueFitsKey())


class OpeningHours(dy.Schema):
    """When a location sells, by weekday; a weekday without a row is closed where the location has rows."""

    tenant_id = col.tenant_id()
    location_id = col.location_id(primary_key=True)
    weekday = col.integer("ISO weekday, 1: Monday", minimum=1, maximum=7, primary_key=True)
    opens = col.time("Local opening time")
    closes = col.time("Local closing time; not after opening: the next day")


class Products(dy.Schema):
    """What the bakery sells."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    name = col.text("Name that people read")
    category = col.text("Group, for example bread", nullable=True)
    unit = col.choice("Unit of every quantity of this product", col.UNITS, default="piece")
    price = col.number("Selling price per unit, in the tenant's currency", nullable=True)
    unit_cost = col.number("Cost to make one unit, in the tenant's currency", nullable=True)
    salvage_value = col.number("Value of an unsold unit, in the tenant's currency", nullable=True)
    shelf_life_days = col.integer("Days it can be sold, 1: only on the day it was baked", minimum=1, default=1)
    batch_min = col.number("Smallest batch worth making, in units", nullable=True)
    batch_max = col.number("Largest batch that can be made at once, in units", nullable=True)
    batch_multiple = col.number("Batches are a multiple of this, in units", nullable=True)
    discontinued_on = col.date("First day it is no longer sold", nullable=True)
    ready_by = col.time(
        "Local time by which the day's first has to be ready; empty: when the goods for the first shop to open leave"
        " the kitchen",
        nullable=True,
    )
    hold_hours = col.number(
        "Hours it may stand before it has to be ready: it comes out no earlier; empty: any",
        maximum=168.0,
        nullable=True,
    )
    piece_weight_kg = col.number(
        "Kilograms a piece weighs, for recipes that yield a weight", minimum=1e-6, nullable=True
    )
    introduced_on = col.date(
        "First day it is sold: until its first sale, within four weeks, it is forecast as its category sells; empty:"
        " from when it first appears here",
        nullable=True,
    )


class Ingredients(dy.Schema):
    """Ingredients that are bought."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    name = col.text("Name that people read")
    unit = col.choice("Unit of every quantity of this ingredient", col.UNITS, default="kg")
    safety_stock = col.number("Quantity that should always be left, in the ingredient's unit", default=0.0)
    shelf_life_days = col.integer("Days it keeps, counted from delivery", minimum=1, nullable=True)
    piece_weight_kg = col.number("Kilograms a piece weighs, for recipes in another unit", minimum=1e-6, nullable=True)
    density_kg_per_l = col.number("Kilograms a liter weighs, for recipes in another unit", minimum=1e-6, nullable=True)
    storage_limit = col.number(
        "The most of it that can be kept at a time, in the ingredient's unit; empty: any", minimum=1e-6, nullable=True
    )
    safety_stock_rule = col.choice(
        "How its safety stock is set; empty: as its supplier or the tenant chose", SAFETY_STOCK_RULES, nullable=True
    )
    reorder_point = col.number(
        "Stock at which it is ordered, in the ingredient's unit; empty: as the safety stock asks for", nullable=True
    )
    order_up_to = col.number(
        "Level up to which an order brings its stock, in the ingredient's unit; empty: orders cover what is needed "
        "until the next delivery",
        nullable=True,
    )


class Recipes(dy.Schema):
    """How a product, or an intermediate such as a dough, is made."""

    tenant_id = col.tenant_id()
    recipe_id = col.key_text("The recipe; also the name of the intermediate it makes", primary_key=True)
    product_id = col.text("Product it makes; empty: an intermediate", nullable=True)
    name = col.text("Name that people read", nullable=True)
    yield_quantity = col.number("Quantity one execution makes, before loss", minimum=1e-6, default=1.0)
    yield_unit = col.choice("Unit of the yield", col.UNITS, default="piece")
    loss_fraction = col.number("Share of the yield lost in making, 0.05: five percent", maximum=0.99, default=0.0)
    make_days = col.integer("Days before use that production has to start", maximum=30, default=0)


class RecipeLines(dy.Schema):
    """What one execution of a recipe takes."""

    tenant_id = col.tenant_id()
    recipe_id = col.key_text("The recipe", primary_key=True)
    line_number = col.integer("Order of the lines", primary_key=True)
    ingredient_id = col.text("Ingredient it takes", nullable=True)
    component_recipe_id = col.text("Intermediate it takes", nullable=True)
    quantity = col.number("Quantity for one execution")
    unit = col.choice("Unit of the quantity", col.UNITS, default="kg")
    loss_fraction = col.number("Share lost in handling, 0.02: two percent", maximum=0.99, default=0.0)
    limits_expiry = col.boolean(
        "What is made keeps no longer than the lots of this component that it took; empty: no", nullable=True
    )

    one_component = exactly_one("ingredient_id", "component_recipe_id")


class Suppliers(dy.Schema):
    """Suppliers that ingredients are ordered from."""

    tenant_id = col.tenant_id()
    supplier_id = col.key_text("The supplier", primary_key=True)
    name = col.text("Name that people read")
    currency = col.text("ISO 4217 code of its prices", nullable=True)
    minimum_order_value = col.number("Smallest order it accepts, in its currency", default=0.0)
    lead_time_days = col.integer("Days from order to delivery", maximum=365, default=1)
    delivery_weekdays = col.text("Days it delivers, as mon,tue,…; empty: every day", nullable=True)
    order_cutoff_time = col.time("Local time by which an order counts for that day", default="18:00")
    reliability = col.number("Share of deliveries on time and complete, as a fraction", maximum=1.0, default=1.0)
    lead_time_unit = col.choice(
        "What lead times are counted in", ("calendar_days", "working_days"), default="calendar_days"
    )
    working_weekdays = col.text(
        "Days it works, takes orders and delivers, as mon,tue,…; empty: every day, where lead times are working days "
        "Monday to Friday and the days it delivers",
        nullable=True,
    )
    safety_stock_rule = col.choice(
        "How safety stocks of what it sells are set; empty: as the tenant chose", SAFETY_STOCK_RULES, nullable=True
    )
    order_weekdays = col.text(
        "Days on which it takes orders, as mon,tue,…; empty: every day on which it works", nullable=True
    )
    country = col.text(
        "ISO 3166 code of the country whose public holidays it keeps; empty: the bakery's holidays", nullable=True
    )
    region = col.text("Subdivision code of that country, for regional holidays", nullable=True)
    delivers_from = col.time("Local time from which it delivers; empty: from midnight on", nullable=True)
    delivers_until = col.time(
        "Local time until which it delivers; not after delivers_from: of the next day; empty: the end of the day",
        nullable=True,
    )


class SupplierItems(dy.Schema):
    """What a supplier sells, and in which packs."""

    tenant_id = col.tenant_id()
    supplier_id = col.key_text("The supplier", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    price = col.number("Price per unit of the ingredient, in the supplier's currency")
    pack_size = col.number("Orders are a multiple of this, in the ingredient's unit; empty: any", nullable=True)
    minimum_quantity = col.number("Smallest order, in the ingredient's unit", default=0.0)
    lead_time_days = col.integer("Days from order to delivery; empty: as the supplier's", maximum=365, nullable=True)
    maximum_quantity = col.number(
        "Largest order of a delivery, in the ingredient's unit; empty: any", minimum=1e-6, nullable=True
    )


class ExchangeRates(dy.Schema):
    """What other currencies are worth in the tenant's own, by day."""

    tenant_id = col.tenant_id()
    currency = col.key_text("ISO 4217 code of the other currency", primary_key=True)
    date = col.date("First day on which it holds", primary_key=True)
    rate = col.number("What one unit of it is worth in the tenant's currency", minimum=1e-9)
    recorded_at = col.recorded_at()


class Equipment(dy.Schema):
    """Ovens, mixers, proofers."""

    tenant_id = col.tenant_id()
    equipment_id = col.key_text("The machine", primary_key=True)
    name = col.text("Name that people read")
    kind = col.choice("What it does", col.EQUIPMENT_KINDS)
    capacity = col.number("Units of product that one load holds; empty: a whole batch", nullable=True)


class Shifts(dy.Schema):
    """When staff work."""

    tenant_id = col.tenant_id()
    shift_id = col.key_text("The shift", primary_key=True)
    weekday = col.integer("ISO weekday, 1: Monday", minimum=1, maximum=7, primary_key=True)
    starts_at = col.time("Local start")
    ends_at = col.time("Local end; before the start: the next day")
    staff = col.integer("People at work", default=1)


class ProductionSteps(dy.Schema):
    """The steps of a recipe, in order."""

    tenant_id = col.tenant_id()
    recipe_id = col.key_text("The recipe", primary_key=True)
    step_number = col.integer("Order of the steps", primary_key=True)
    name = col.text("What is done")
    equipment_kind = col.choice("Machine it needs", col.EQUIPMENT_KINDS)
    duration_minutes = col.number("Minutes one load takes", maximum=10_080.0)


class Calendar(dy.Schema):
    """What is special about a day: closed, holidays, promotions, events."""

    tenant_id = col.key_text("The bakery")
    date = col.date("The day")
    kind = col.choice("What it is", ("closed", "holiday", "school_holiday", "promotion", "event"))
    product_id = col.text("Only for this product; empty: for all", nullable=True)
    name = col.text("Name that people read", nullable=True)
    opens = col.time("Local opening time", nullable=True)
    closes = col.time("Local closing time", nullable=True)

    key = unique_together("tenant_id", "date", "kind", "product_id")


class Weather(dy.Schema):
    """Weather: of days that have passed as it was, of days to come as it was forecast."""

    tenant_id = col.tenant_id()
    date = col.date("The day", primary_key=True)
    temperature_c = col.number("Mean temperature, in degrees Celsius", minimum=-90.0, maximum=70.0, nullable=True)
    rain_mm = col.number("Rain, in millimeters", maximum=2_000.0, nullable=True)
    recorded_at = col.recorded_at()


class QualityTemplates(dy.Schema):
    """What is checked about a product."""

    tenant_id = col.tenant_id()
    template_id = col.key_text("The check", primary_key=True)
    product_id = col.text("Product checked", nullable=True)
    name = col.text("What is checked")
    lower_limit = col.number("Smallest good value", minimum=None, nullable=True)
    upper_limit = col.number("Largest good value", minimum=None, nullable=True)


class Sales(dy.Schema):
    """Sales per product and day, net of refunds."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    sales_date = col.date("Local day of the sale", primary_key=True)
    location_id = col.location_id(primary_key=True)
    quantity = col.number("Units sold; negative: more were returned than sold", minimum=None)
    revenue = col.number("Revenue in the tenant's currency", minimum=None, nullable=True)
    sold_out_at = col.time("Local time the last one was sold; empty: it did not sell out", nullable=True)
    recorded_at = col.recorded_at()


class SalesHourly(dy.Schema):
    """Sales per hour, and whether the product was in stock."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    sales_date = col.date("Local day of the sale", primary_key=True)
    hour = col.integer("Local hour of the day", maximum=23, primary_key=True)
    location_id = col.location_id(primary_key=True)
    quantity = col.number("Units sold", minimum=None)
    in_stock = col.number("Share of the hour in which it could be bought, as a fraction", maximum=1.0, default=1.0)
    recorded_at = col.recorded_at()


class CustomerOrders(dy.Schema):
    """What customers have ordered ahead."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    due_date = col.date("Local day it is collected")
    quantity = col.number("Units; 0: canceled")
    ordered_at = col.instant("When it was ordered")
    recorded_at = col.recorded_at()


class StockLots(dy.Schema):
    """Stock as counted, by lot or by item; a count sets what the book says of that moment."""

    tenant_id = col.key_text("The bakery")
    lot_id = col.text(
        "The lot; empty: the item's lots at the location together, a difference being taken first expired, first out",
        nullable=True,
    )
    product_id = col.text("Finished product", nullable=True)
    ingredient_id = col.text("Ingredient", nullable=True)
    recipe_id = col.text("Intermediate", nullable=True)
    location_id = col.location_id()
    quantity = col.number("Quantity counted, in the item's unit")
    expires_on = col.date("Last day it may be used; empty: no expiry", nullable=True)
    recorded_at = col.recorded_at(primary_key=False)
    counted_at = col.instant("When it was counted; empty: recorded_at", nullable=True)

    key = unique_together(
        "tenant_id", "lot_id", "product_id", "ingredient_id", "recipe_id", "location_id", "counted_at", "recorded_at"
    )
    one_item = exactly_one("product_id", "ingredient_id", "recipe_id")


class PurchaseOrders(dy.Schema):
    """What has been ordered from suppliers."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.key_text("The supplier")
    quantity = col.number("Quantity ordered, in the ingredient's unit; 0: canceled")
    expected_from = col.instant("Start of the delivery window")
    expected_to = col.instant("End of the delivery window")
    ordered_at = col.instant("When it was ordered")
    recorded_at = col.recorded_at()
    unit_price = col.number(
        "Price per unit of the ingredient as ordered, in `currency`; empty: not known", nullable=True
    )
    currency = col.text("ISO 4217 code of the price; empty: as the supplier's", nullable=True)
    proposed_on = col.date("Date of the plan that proposed it; empty: no plan did", nullable=True)
    plan_version = col.integer("Version of that plan", minimum=1, nullable=True)
    requirement_number = col.text(
        "Requirement of that plan which it covers; where it covers several, the first", nullable=True
    )


class OrderEvents(dy.Schema):
    """What happened to a purchase order after it was placed: it left the house, the supplier confirmed it."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    event = col.choice("What happened", ORDER_EVENTS, primary_key=True)
    how = col.text("How it was sent or confirmed: printed, csv, phone, e-mail or other words", nullable=True)
    who = col.text("Who sent it, or who confirmed it", nullable=True)
    happened_at = col.instant("When")
    recorded_at = col.recorded_at()


class StockReceipts(dy.Schema):
    """What was delivered; raises its lot until that lot is counted again."""

    tenant_id = col.tenant_id()
    receipt_id = col.key_text("The receipt", primary_key=True)
    lot_id = col.key_text("The lot it went into", primary_key=True)
    ingredient_id = col.key_text("The ingredient")
    order_id = col.text("Purchase order it fulfills", nullable=True)
    location_id = col.location_id()
    quantity = col.number("Quantity received, in the ingredient's unit")
    expires_on = col.date("Last day it may be used; empty: no expiry", nullable=True)
    received_at = col.instant("When it was received")
    recorded_at = col.recorded_at()
    state = col.choice(
        "Whether its recording is finished; a draft is no stock yet, and fulfills no order",
        ("draft", "confirmed"),
        default="confirmed",
    )
    rejected_quantity = col.number(
        "What came beyond that and was not accepted: no stock, and still open of the order", default=0.0
    )
    complaint = col.text("What was wrong with what came, accepted or not; empty: nothing", nullable=True)


class SupplierReturns(dy.Schema):
    """What went back to its supplier after it was received; lowers its lot, and opens nothing of its order."""

    tenant_id = col.tenant_id()
    return_id = col.key_text("The return", primary_key=True)
    lot_id = col.key_text("The lot it was received into", primary_key=True)
    ingredient_id = col.key_text("The ingredient")
    order_id = col.text("Purchase order it came with; empty: not known, so it counts for no supplier", nullable=True)
    location_id = col.location_id()
    quantity = col.number("Quantity returned, in the ingredient's unit; 0: nothing after all")
    reason = col.text("What was wrong with it, a complaint about the supplier; empty: nothing", nullable=True)
    returned_at = col.instant("When it left the house")
    recorded_at = col.recorded_at()


class Waste(dy.Schema):
    """What was thrown away; of a batch that failed, or units that it wasted, its batch events tell."""

    tenant_id = col.tenant_id()
    waste_id = col.key_text("The entry", primary_key=True)
    product_id = col.text("Finished product", nullable=True)
    ingredient_id = col.text("Ingredient", nullable=True)
    lot_id = col.text("Lot it came from; empty: first expired, first out", nullable=True)
    location_id = col.location_id()
    waste_date = col.date("Local day")
    quantity = col.number("Quantity, in the item's unit")
    reason = col.text("Why", nullable=True)
    recorded_at = col.recorded_at()
    wasted_at = col.instant(
        "When it was thrown away; empty: at closing, or at the item's first count of that day after recorded_at",
        nullable=True,
    )
    recipe_id = col.text(
        "Intermediate, such as a dough; what stock does not have of it was made for this, of its ingredients",
        nullable=True,
    )

    one_item = exactly_one("product_id", "ingredient_id", "recipe_id")


class Transfers(dy.Schema):
    """What was brought from one location to another."""

    tenant_id = col.tenant_id()
    transfer_id = col.key_text("The transfer", primary_key=True)
    from_location_id = col.key_text("Shop or kitchen it came from")
    to_location_id = col.key_text("Shop or kitchen it went to")
    product_id = col.text("Finished product", nullable=True)
    ingredient_id = col.text("Ingredient", nullable=True)
    lot_id = col.text("Lot it came from; empty: first expired, first out", nullable=True)
    quantity = col.number("Quantity, in the item's unit")
    transferred_at = col.instant("When it arrived")
    recorded_at = col.recorded_at()

    one_item = exactly_one("product_id", "ingredient_id")


class BatchEvents(dy.Schema):
    """What happened to a batch; a batch that was not planned names its product."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Day the batch is sold first, whose plan has it", primary_key=True)
    batch_number = col.key_text("The batch", primary_key=True)
    event = col.choice("What happened", BATCH_EVENTS, primary_key=True)
    quantity = col.number(
        "Units made so far, without those wasted; of a batch that is confirmed, what is to be made of it, where that is"
        " above 0; empty: as planned",
        nullable=True,
    )
    happened_at = col.instant("When")
    who = col.text("Who reported it", nullable=True)
    recorded_at = col.recorded_at()
    product_id = col.text("Product of a batch that was not planned; empty: as planned", nullable=True)
    wasted_quantity = col.number("Units made beyond these and thrown away: produced and wasted", nullable=True)
    reason = col.text("Why it was wasted, failed or cancelled", nullable=True)


class BatchConsumption(dy.Schema):
    """What a batch really took of a component; without a row it took what its recipe says."""

    tenant_id = col.key_text("The bakery")
    plan_date = col.date("Day the batch is sold first, whose plan has it")
    batch_number = col.key_text("The batch")
    ingredient_id = col.text("Ingredient it took", nullable=True)
    recipe_id = col.text("Intermediate it took", nullable=True)
    lot_id = col.text("Lot it came from; empty: by the setting `issuing`", nullable=True)
    quantity = col.number("Quantity, in the component's unit")
    recorded_at = col.recorded_at(primary_key=False)

    key = unique_together(
        "tenant_id", "plan_date", "batch_number", "ingredient_id", "recipe_id", "lot_id", "recorded_at"
    )
    one_component = exactly_one("ingredient_id", "recipe_id")


class QualityChecks(dy.Schema):
    """What a check found."""

    tenant_id = col.tenant_id()
    check_id = col.key_text("The finding", primary_key=True)
    template_id = col.key_text("The check")
    batch_number = col.text("Batch checked", nullable=True)
    value = col.number("Value measured, in the unit of the check's limits", minimum=None, nullable=True)
    result = col.choice("Outcome", ("passed", "failed"))
    checked_at = col.instant("When")
    recorded_at = col.recorded_at()


class PlanDecisions(dy.Schema):
    """What was decided about a plan, one of its purchase proposals, a line of it or a batch; judged when it is read."""

    tenant_id = col.tenant_id()
    decision_id = col.key_text("The decision", primary_key=True)
    plan_date = col.date("Day of the plan")
    plan = col.choice("Which plan", ("procurement_plans", "production_schedules"))
    decision = col.choice("What was decided", DECISIONS)
    reason = col.text("Why", nullable=True)
    who = col.text("Who decided")
    recorded_at = col.recorded_at(primary_key=False)
    version = col.integer(
        "Version of the plan; empty: the one that was out when it was recorded", minimum=1, nullable=True
    )
    proposal_number = col.text("Purchase proposal that it is about; empty: none, or all of the plan", nullable=True)
    requirement_number = col.text("Line of a proposal that it is about, by its requirement", nullable=True)
    batch_number = col.text("Batch of the plan date that it is about", nullable=True)
    quantity = col.number(
        "Changed quantity of the line or batch, in the unit of the ingredient or product", nullable=True
    )
    supplier_id = col.text("Changed supplier of the line or proposal", nullable=True)
    deliver_on = col.date("Changed day of delivery of the line or proposal", nullable=True)


class ForecastOverrides(dy.Schema):
    """What a person knows better than the forecast."""

    tenant_id = col.tenant_id()
    override_id = col.key_text("The override", primary_key=True)
    product_id = col.key_text("The product")
    target_date = col.date("Day whose forecast is overridden")
    quantity = col.number("Quantity instead of the forecast, in units", nullable=True)
    factor = col.number("Factor on the forecast", maximum=1_000.0, nullable=True)
    reason = col.text("Why")
    who = col.text("Who overrides it")
    recorded_at = col.recorded_at(primary_key=False)

    one_change = exactly_one("quantity", "factor")


class AlertAcknowledgements(dy.Schema):
    """Who has seen an alert."""

    tenant_id = col.tenant_id()
    alert_id = col.key_text("The alert", primary_key=True)
    who = col.text("Who has seen it")
    note = col.text("What was done", nullable=True)
    recorded_at = col.recorded_at()


class EquipmentEvents(dy.Schema):
    """When a machine failed and when it worked again."""

    tenant_id = col.tenant_id()
    equipment_id = col.key_text("The machine", primary_key=True)
    event = col.choice("What happened", ("down", "up"), primary_key=True)
    happened_at = col.instant("When")
    note = col.text("What was wrong", nullable=True)
    recorded_at = col.recorded_at()


# What a folder may hold, in an order in which every row's references come before it.
TABLES: tuple[type[dy.Schema], ...] = (
    Tenants, Locations, TenantSettings, OpeningHours, Products, Ingredients, Recipes, RecipeLines, Suppliers,
    SupplierItems, ExchangeRates, Equipment, Shifts, ProductionSteps, Calendar, Weather, QualityTemplates, Sales,
    SalesHourly, CustomerOrders, StockLots, PurchaseOrders, OrderEvents, StockReceipts, SupplierReturns, Waste,
    Transfers, BatchEvents, BatchConsumption, QualityChecks, PlanDecisions, ForecastOverrides, AlertAcknowledgements,
    EquipmentEvents,
)  # fmt: skip
