"""The tables of schema ``ops``: what others write. Master data that is kept current, and facts that are only appended.

Columns are in ``bakery_assets.schemas.ops``; here is what only SQL has: foreign keys that do not follow from columns'
names, indexes and internal columns.
``table(..., fact=...)`` marks an append-only fact and says from which column its ``recorded_at`` (when
we learned it) follows where the file does not give one: the end of that local day, that instant, or
``"load"`` for the moment of loading. ``is_revised`` marks facts that are forecast and change until their day: known
from loading on, and a figure that differs is the later record. ``happened`` names the column that says when, where
``recorded_at`` stands in for an empty one and both tell facts apart. ``creates`` names what a load may add when a row
refers to it.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DefaultClause,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import BIGINT, BOOLEAN, INTEGER, JSONB, TEXT, TIMESTAMP
from sqlalchemy.sql import false, func, text

from bakery_assets.schemas import ops as schemas
from bakery_assets.schemas import table_name
from resources.schema.columns import metadata, table, tenant_fk, transaction

LATE_DAYS = 120  # sales that were recorded longer after their day have an index


def _transaction() -> Column[int]:
    return transaction("transaction_id", "Transaction that wrote the row; late sales are found by it")


def _announced() -> tuple[Column[int], Index]:
    """By which events about the rows are appended; see ``resources.warehouse.delivery_events``."""
    comment = "Transaction that wrote the row; events are appended by it; empty: written before there were events"
    written_by = transaction("transaction_id", comment, nullable=True)
    written_by.server_default = DefaultClause(func.pg_current_xact_id())
    return written_by, Index(None, "transaction_id")


def is_late(alias: str = "") -> str:
    """The condition that sales were recorded more than ``LATE_DAYS`` after their day."""
    return f"({alias}recorded_at AT TIME ZONE 'UTC')::date - {alias}sales_date > {LATE_DAYS}"


def _recorded_late(table: str) -> Index:
    """What was recorded so late is little, where it was not loaded as history, and is asked for every morning."""
    return Index(f"{table}_late_idx", "tenant_id", "recorded_at", postgresql_where=text(is_late()))


def _imported() -> tuple[Column[int], Column[bool]]:
    """Internal, so that files and frames have no such columns: imports alone write them."""
    made = "Import that made the record, by being imported or undone; empty: recorded directly"
    gone = "Nothing is known of it any more: what said so was undone or replaced"
    internal = {"internal": True}
    return (
        Column("import_id", BIGINT, comment=made, info=internal),
        Column("is_withdrawn", BOOLEAN, nullable=False, server_default=false(), comment=gone, info=internal),
    )


def _recorded(table_name: str) -> Index:
    """What was recorded since a closing balance was made is looked up by it."""
    return Index(f"{table_name}_tenant_id_recorded_at_idx", "tenant_id", "recorded_at")


tenants = table(
    schemas.Tenants,
    # Raises for a name PostgreSQL does not know: such a tenant could never be planned.
    CheckConstraint("timezone(timezone, TIMESTAMP '2000-01-01') IS NOT NULL", name="timezone"),
)

locations = table(schemas.Locations, tenant_fk("kitchen_id", "ops.locations", "location_id"))

tenant_settings = table(schemas.TenantSettings)

opening_hours = table(schemas.OpeningHours, creates="locations")

products = table(schemas.Products)

ingredients = table(schemas.Ingredients)

recipes = table(schemas.Recipes)

recipe_lines = table(
    schemas.RecipeLines,
    tenant_fk("recipe_id", "ops.recipes"),
    tenant_fk("component_recipe_id", "ops.recipes", "recipe_id"),
)

suppliers = table(schemas.Suppliers)

supplier_items = table(schemas.SupplierItems)

exchange_rates = table(schemas.ExchangeRates, fact="date", is_revised=True)

equipment = table(schemas.Equipment)

shifts = table(schemas.Shifts)

production_steps = table(schemas.ProductionSteps, tenant_fk("recipe_id", "ops.recipes"))

calendar = table(schemas.Calendar)

weather = table(schemas.Weather, fact="date", is_revised=True)

quality_templates = table(schemas.QualityTemplates)

sales = table(
    schemas.Sales,
    _transaction(),
    *_imported(),
    # The days of a series together, which is how they are read.
    PrimaryKeyConstraint("tenant_id", "product_id", "location_id", "sales_date", "recorded_at"),
    Index(None, "transaction_id"),
    Index("sales_tenant_id_sales_date_idx", "tenant_id", "sales_date"),
    _recorded_late("sales"),
    fact="sales_date",
    creates="locations",
)

sales_hourly = table(
    schemas.SalesHourly,
    _transaction(),
    *_imported(),
    PrimaryKeyConstraint("tenant_id", "product_id", "location_id", "sales_date", "hour", "recorded_at"),
    Index(None, "transaction_id"),
    _recorded_late("sales_hourly"),
    fact="sales_date",
    creates="locations",
)

customer_orders = table(schemas.CustomerOrders, fact="ordered_at")

stock_lots = table(
    schemas.StockLots,
    tenant_fk("recipe_id", "ops.recipes"),
    _recorded("stock_lots"),
    fact="load",
    happened="counted_at",
    creates="locations",
)

purchase_orders = table(
    schemas.PurchaseOrders,
    *_announced(),
    _recorded("purchase_orders"),
    # Every minute the watch looks for those whose window is near.
    Index("purchase_orders_tenant_id_expected_to_idx", "tenant_id", "expected_to"),
    fact="ordered_at",
)

order_events = table(schemas.OrderEvents, fact="happened_at")

stock_receipts = table(
    schemas.StockReceipts,
    *_announced(),
    _recorded("stock_receipts"),
    Index("stock_receipts_tenant_id_order_id_idx", "tenant_id", "order_id"),
    Index("stock_receipts_tenant_id_received_at_idx", "tenant_id", "received_at"),
    fact="received_at",
    creates="locations",
)

supplier_returns = table(
    schemas.SupplierReturns, _recorded("supplier_returns"), fact="returned_at", creates="locations"
)

waste = table(
    schemas.Waste,
    tenant_fk("recipe_id", "ops.recipes"),
    _recorded("waste"),
    fact="waste_date",
    creates="locations",
)

transfers = table(
    schemas.Transfers,
    tenant_fk("from_location_id", "ops.locations", "location_id"),
    tenant_fk("to_location_id", "ops.locations", "location_id"),
    _recorded("transfers"),
    fact="transferred_at",
)

batch_events = table(schemas.BatchEvents, _recorded("batch_events"), fact="happened_at")

batch_consumption = table(
    schemas.BatchConsumption,
    tenant_fk("recipe_id", "ops.recipes"),
    _recorded("batch_consumption"),
    fact="plan_date",
)

quality_checks = table(schemas.QualityChecks, tenant_fk("template_id", "ops.quality_templates"), fact="checked_at")

plan_decisions = table(
    schemas.PlanDecisions,
    Index("plan_decisions_tenant_id_plan_date_idx", "tenant_id", "plan_date"),
    fact="load",
)

forecast_overrides = table(schemas.ForecastOverrides, fact="load")

alert_acknowledgements = table(schemas.AlertAcknowledgements, fact="load")

equipment_events = table(schemas.EquipmentEvents, tenant_fk("equipment_id", "ops.equipment"), fact="happened_at")

# What a folder may hold, in an order in which every row's references come before it.
LOADED = tuple(metadata.tables[f"ops.{table_name(schema)}"] for schema in schemas.TABLES)

# No frame: how a till's exports are written, as far as one of them has shown it.
till_forms = Table(
    "till_forms",
    metadata,
    Column("tenant_id", TEXT, primary_key=True, comment="The bakery"),
    Column("source", TEXT, primary_key=True, comment="The till's profile, or the names of its columns"),
    Column("decimal_sign", TEXT, comment="Sign before decimals; empty: no export has shown it"),
    Column("date_order", TEXT, comment="Whether the day or the month comes first; empty: no export has shown it"),
    Column(
        "shown_at",
        TIMESTAMP(timezone=True),
        nullable=False,
        server_default=func.now(),
        comment="When an export showed it last",
    ),
    schema="ops",
    comment="How each till writes numbers and dates, for exports in which nothing shows it.",
)

# No frame: rows of any table, as they were read.
quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", BIGINT, Identity(always=True), primary_key=True, comment="Running number"),
    Column("tenant_id", TEXT, comment="Tenant the row names, whether or not it exists"),
    Column("file", TEXT, nullable=False, comment="File it came from"),
    Column("row_number", INTEGER, nullable=False, comment="Line in the file, the header is 1; 0: the whole file"),
    Column("column_name", TEXT, comment="Column at fault; empty: the row as a whole"),
    Column("reason", TEXT, nullable=False, comment="What is wrong, and what to do"),
    Column("content", JSONB, nullable=False, comment="The row as it was read"),
    Column("content_hash", TEXT, Computed("md5(content::text)", persisted=True), comment="Tells rows apart"),
    Column(
        "quarantined_at",
        TIMESTAMP(timezone=True),
        nullable=False,
        server_default=func.now(),
        comment="When it was first read",
    ),
    Column("folder", TEXT, nullable=False, server_default="", comment="Folder of the file in which it was first read"),
    Column("code", TEXT, nullable=False, server_default="other", comment="Kind of fault, by which rows group"),
    CheckConstraint("row_number BETWEEN 0 AND 2000000000", name="row_number"),
    UniqueConstraint(
        "tenant_id", "file", "row_number", "column_name", "content_hash", postgresql_nulls_not_distinct=True
    ),
    schema="ops",
    comment="Rows that could not be used, whole, with why; each distinct one once.",
)
