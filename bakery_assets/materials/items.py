"""Items: how frames of materials name what is bought, made and kept in stock.

An item is a product, an intermediate (its id is that of the recipe) or an ingredient. Days are counted from the plan
date, which is day 0; quantities are in the item's own unit.
"""

import dataframely as dy

from bakery_assets.schemas import columns as col
from bakery_assets.schemas.plans import ITEM_KINDS

PRODUCT_KIND = "product"
INTERMEDIATE_KIND = "intermediate"
INGREDIENT_KIND = "ingredient"


class Item(dy.Schema):
    """The key of frames with one row per item, or per item and something else."""

    tenant_id = col.tenant_id()
    item_kind = col.choice("What it is", ITEM_KINDS, primary_key=True)
    item_id = col.key_text("Product, recipe of the intermediate, or ingredient", primary_key=True)


class ItemQuantities(dy.Schema):
    """Quantities of items; rows of one item add up."""

    tenant_id = col.key_text("The bakery")
    item_kind = col.choice("What it is", ITEM_KINDS)
    item_id = col.key_text("Product, recipe of the intermediate, or ingredient")
    quantity = col.number("Quantity, in the item's unit")


class DatedQuantities(ItemQuantities):
    """Quantities of items on days; rows of one item and day add up."""

    day = col.integer("Days after the plan date")
