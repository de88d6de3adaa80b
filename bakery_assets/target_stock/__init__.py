"""Target stock: how much has to be ready for sale, by critical ratio and shelf life or as the bakery has chosen."""

from bakery_assets.target_stock.plan import set_target_stock_levels

__all__ = ["set_target_stock_levels"]
