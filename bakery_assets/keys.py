"""Key columns: what identifies a row in frames that several packages share, in the order in which they sort."""

CELL = ["tenant_id", "plan_date"]
SHOP = ["tenant_id", "location_id"]
SERIES = [*SHOP, "product_id"]  # what is forecast: a product in a shop
ITEM = ["tenant_id", "item_kind", "item_id"]  # what is kept in stock: product, intermediate or ingredient
LOT = [*ITEM, "lot_id"]
PRODUCT = ["tenant_id", "product_id"]
PRODUCT_DAY = [*PRODUCT, "schedule_date"]
SCHEDULE_DAY = ["tenant_id", "schedule_date"]  # a day on which a bakery bakes
INGREDIENT = ["tenant_id", "ingredient_id"]
