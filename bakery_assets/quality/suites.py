"""What is expected of a bakery's sales: Great Expectations suites over the tables of ``check_tables``.

An expectation names its finding in ``meta``; ``explanations`` puts it into a sentence. One whose severity is
``critical``, the default, blocks the tenant's retraining; a ``warning`` does not, and its row condition leaves out the
rows that block already for the same reason.

Limits are drawn in ``thresholds``, columns computed in ``row_features`` and ``daily_features``; a null is in any range.
Importing this module imports Great Expectations, which takes seconds: import it where it is used.
"""

import great_expectations as gx
import polars as pl
from great_expectations import expectations as gxe
from great_expectations.expectations.row_conditions import Column

from bakery_assets.quality.check_tables import SALES
from bakery_assets.quality.thresholds import (
    DOUBLED_ROWS,
    HIGH_DAYS,
    LEVEL_FACTOR,
    LOW_DAYS,
    MAX_COPIED_SHARE,
    MAX_REFUND_SHARE,
    MAX_REFUND_SIZE,
    MAX_SALE_SIZE,
    MAX_SHIFT,
    MIN_SHIFT_BREADTH,
    RECENT_DAYS,
    SHORT_HISTORY_DAYS,
    STALE_DAYS,
    VOLUME_EXTREME,
    VOLUME_HIGH,
    VOLUME_LOW,
)

ARROW_TYPES = pl.DataFrame(schema=SALES).to_pandas(use_pyarrow_extension_array=True).dtypes

SCHEMA = gx.ExpectationSuite(
    name="schema",
    expectations=[
        gxe.ExpectTableColumnsToMatchSet(column_set=SALES.names(), exact_match=False, meta={"name": "columns_present"}),
        *(
            gxe.ExpectColumnTypeToBe(column=column, type_=str(dtype), meta={"name": f"{column}_type"})
            for column, dtype in ARROW_TYPES.items()
        ),
    ],
)
"""Over the sales themselves, in Arrow's types; the tables cannot be computed from sales that fail it."""

ROWS = gx.ExpectationSuite(
    name="rows",
    expectations=[
        gxe.ExpectColumnValuesToNotBeNull(column="product_id", meta={"name": "product_id_given"}),
        gxe.ExpectColumnValuesToNotBeNull(column="location_id", meta={"name": "location_id_given"}),
        gxe.ExpectColumnValuesToNotBeNull(column="sales_date", meta={"name": "sales_date_given"}),
        gxe.ExpectColumnValuesToNotBeNull(column="quantity", meta={"name": "quantity_given"}),
        gxe.ExpectColumnValuesToNotBeNull(column="recorded_at", meta={"name": "recorded_at_given"}),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["tenant_id", "product_id", "location_id", "sales_date"], meta={"name": "no_duplicates"},
        ),
        gxe.ExpectColumnValuesToBeInSet(column="is_known_product", value_set=[True], meta={"name": "product_known"}),
        gxe.ExpectColumnValuesToBeBetween(column="days_ahead", max_value=0, meta={"name": "not_in_the_future"}),
        gxe.ExpectColumnValuesToBeBetween(column="limit_share", max_value=1, meta={"name": "quantity_possible"}),
        gxe.ExpectColumnValuesToBeBetween(
            column="size", max_value=MAX_SALE_SIZE, row_condition=Column("age") <= RECENT_DAYS,
            meta={"name": "recent_quantity_usual"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="size", max_value=MAX_SALE_SIZE,
            row_condition=(Column("age") > RECENT_DAYS) & (Column("limit_share") <= 1), severity="warning",
            meta={"name": "old_quantity_usual"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="refund_size", max_value=MAX_REFUND_SIZE, severity="warning", meta={"name": "refund_usual"},
        ),
    ],
)  # fmt: skip

SUMMARIES = gx.ExpectationSuite(
    name="summaries",
    expectations=[
        gxe.ExpectColumnValuesToBeBetween(
            column="refund_share", max_value=MAX_REFUND_SHARE, meta={"name": "few_refunds"},
        ),
        gxe.ExpectColumnValuesToBeBetween(column="days_sold", min_value=1, meta={"name": "no_data"}),
        gxe.ExpectColumnValuesToBeBetween(
            column="days_sold", min_value=SHORT_HISTORY_DAYS, row_condition=Column("days_sold") >= 1,
            severity="warning", meta={"name": "enough_history"},
        ),
        gxe.ExpectColumnValuesToBeBetween(column="missed_days", max_value=STALE_DAYS - 1, meta={"name": "sales_fresh"}),
        gxe.ExpectColumnValuesToBeBetween(
            column="missed_days", max_value=0, row_condition=Column("missed_days") < STALE_DAYS, severity="warning",
            meta={"name": "sales_of_yesterday"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="refused_shift", min_value=1 / MAX_SHIFT, max_value=MAX_SHIFT, meta={"name": "shift_not_of_a_unit"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="shift_multiple", max_value=1, meta={"name": "shift_not_imported_again"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="shift_breadth", min_value=MIN_SHIFT_BREADTH, meta={"name": "shift_of_most_products"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="accepted_shift", min_value=1, max_value=1, severity="warning", meta={"name": "level_not_shifted"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="volume_ratio", max_value=VOLUME_EXTREME, meta={"name": "volume_not_absurd"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="volume_ratio", max_value=VOLUME_HIGH, row_condition=Column("even_rows") >= DOUBLED_ROWS,
            meta={"name": "volume_not_doubled"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="volume_ratio", max_value=VOLUME_HIGH, row_condition=Column("high_days") >= HIGH_DAYS,
            meta={"name": "volume_not_often_high"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="volume_ratio", min_value=VOLUME_LOW, row_condition=Column("low_days") >= LOW_DAYS,
            meta={"name": "volume_not_often_low"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="volume_ratio", max_value=VOLUME_HIGH,
            row_condition=(Column("even_rows") < DOUBLED_ROWS) & (Column("high_days") < HIGH_DAYS)
            & (Column("volume_ratio") <= VOLUME_EXTREME),
            severity="warning", meta={"name": "volume_usual_above"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="volume_ratio", min_value=VOLUME_LOW, row_condition=Column("low_days") < LOW_DAYS,
            severity="warning", meta={"name": "volume_usual_below"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="level_ratio", min_value=1 / LEVEL_FACTOR, max_value=LEVEL_FACTOR, meta={"name": "level_steady"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="series_level_ratio", min_value=1 / LEVEL_FACTOR, max_value=LEVEL_FACTOR, severity="warning",
            meta={"name": "series_level_steady"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="copied_share", max_value=MAX_COPIED_SHARE, meta={"name": "locations_distinct"},
        ),
    ],
)  # fmt: skip

SUITES = (ROWS, SUMMARIES)
"""By the names of their tables; findings are listed in this order."""
