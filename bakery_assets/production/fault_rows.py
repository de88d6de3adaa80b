"""The rows of master_data_faults: what was found faulty of recipes, sizes and capacities, numbered."""

import dataframely as dy
import polars as pl

from bakery_assets.materials.recipe_faults import FoundFaults
from bakery_assets.schemas import Cells, conform, plans


def fault_rows(cells: dy.DataFrame[Cells], *found: dy.DataFrame[FoundFaults]) -> dy.DataFrame[plans.MasterDataFaults]:
    """The table's rows, sorted by its key: by tenant, then by table, row and product at fault."""
    number = pl.int_range(1, pl.len() + 1).over("tenant_id").cast(pl.String)
    digits = pl.max_horizontal(pl.len().over("tenant_id").cast(pl.String).str.len_chars(), 3)
    rows = (
        pl.concat(found)
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .sort("tenant_id", "source_table", "source_row", "product_id")
        .with_columns(fault_number=pl.lit("F") + number.str.pad_start(digits, "0"))
    )
    return conform(plans.MasterDataFaults, rows)
