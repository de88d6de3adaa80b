"""Runs the suites in Great Expectations, and reads from its results which rows of which tenants fail.

What is expected is in ``suites``, what is reported in ``findings``. Like ``suites``, this module imports Great
Expectations, which takes seconds: import it where it is used.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import great_expectations as gx
import polars as pl
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from bakery_assets.quality.check_tables import IDENTITY
from bakery_assets.quality.findings import BLOCKING, FAILED_ROWS, WARNING
from bakery_assets.quality.suites import SCHEMA, SUITES

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch import Batch

SEVERITIES = {"critical": BLOCKING, "warning": WARNING}
RANGE = "expect_column_values_to_be_between"


def schema_faults(sales: pl.DataFrame) -> dict[str, str]:
    """What is wrong with the columns of ``sales``: what was found, by expectation; empty: nothing.

    Raises:
        RuntimeError: the suite could not be run.
    """
    # A column has one type, so no rows are needed. Arrow's types tell text from objects, and dates from times.
    failures = _failures(sales.clear().to_pandas(use_pyarrow_extension_array=True), SCHEMA)
    found = {}
    for failure in failures:
        result = failure.result
        missing = result["details"]["mismatched"]["missing"] if "details" in result else [result["observed_value"]]
        found[_name(failure)] = ", ".join(sorted(missing))
    return found


def failed_rows(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Rows of the tables that fail an expectation: the columns of ``FAILED_ROWS``.

    Args:
        tables: of ``build_check_tables``.

    Raises:
        RuntimeError: a suite could not be run.
    """
    found = [pl.DataFrame(schema=FAILED_ROWS)]
    for suite in SUITES:
        table = tables[suite.name]
        # As categories, text is compared twice as fast.
        failures = _failures(table.with_columns(pl.col(pl.String).cast(pl.Categorical)).to_pandas(), suite)
        found += [_rows(table, failure, rank) for rank, failure in enumerate(failures, len(found))]
    return pl.concat(found)


def _failures(frame: "pd.DataFrame", suite: gx.ExpectationSuite) -> list["ExpectationValidationResult"]:
    batch = _batch(frame, suite.name)
    # Most pass, and naming the rows that fail is half of the work: only what fails is validated again for that.
    failed = {_name(each) for each in batch.validate(suite, result_format="BOOLEAN_ONLY").results if not each.success}
    again = gx.ExpectationSuite(suite.name, [each for each in suite.expectations if each.meta["name"] in failed])
    results = batch.validate(again, result_format="COMPLETE").results if failed else []
    crashed = [each.exception_info for each in results if not each.result]
    # The type of a missing column cannot be looked at, but that it is missing is among the failures.
    if crashed and (suite is not SCHEMA or len(crashed) == len(results)):
        raise RuntimeError(f"the suite {suite.name} could not be run: {crashed}")
    return [each for each in results if each.result]


def _batch(frame: "pd.DataFrame", name: str) -> "Batch":
    # In memory only: no telemetry, no data docs (which would be written to a temporary folder), no progress bars.
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("sales").add_dataframe_asset(name)
    return asset.add_batch_definition_whole_dataframe("round").get_batch({"dataframe": frame})


def _name(result: "ExpectationValidationResult") -> str:
    return str(result.expectation_config.meta["name"])


def _rows(table: pl.DataFrame, failure: "ExpectationValidationResult", rank: int) -> pl.DataFrame:
    expectation = failure.expectation_config
    # Row numbers: with unexpected_index_column_names GX makes a dictionary of every row, 3.8 s instead of 0.07 s for
    # 100,000 rows and the columns of IDENTITY. Its unexpected_list of values ends after 200.
    failed: pl.DataFrame = table[failure.result["unexpected_index_list"]]
    return failed.select(
        *IDENTITY,
        value=expectation.kwargs["column"] if expectation.type == RANGE else pl.lit(None, pl.Float64),
        expectation=pl.lit(_name(failure)),
        severity=pl.lit(SEVERITIES[expectation.severity.value]),
        rank=pl.lit(rank, pl.Int32),
    )
