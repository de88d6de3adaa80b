"""Great Expectations on the checked table: one suite over all tenants of a round, and whom each failure is about."""

from typing import TYPE_CHECKING, Any

import polars as pl

from bakery_assets.quality.checked import SALES
from bakery_assets.quality.rules import BLOCKING, RULES, Rule
from bakery_assets.quality.thresholds import SAMPLE_ROWS

if TYPE_CHECKING:
    from great_expectations.core.batch import Batch
    from great_expectations.expectations import Expectation

FINDINGS = pl.Schema(
    {
        "tenant_id": pl.String(),
        "expectation": pl.String(),
        "severity": pl.String(),
        "rows": pl.Int64(),
        "explanation": pl.String(),
        "sample": pl.String(),
    }
)
UNIQUE_KEY = ["subject", "tenant_id", "product_id", "location_id", "sales_date"]
_ORDER = {rule.name: number for number, rule in enumerate(RULES)}


def run_suite(cells: pl.DataFrame, checked: pl.DataFrame) -> pl.DataFrame:
    """Validate ``checked`` and say which tenants fail what.

    A fault of the whole table (a column missing, or of another type) is a finding for every tenant.

    Args:
        cells: the columns of ``cells.CELLS``.
        checked: of ``checked_sales``.

    Returns:
        The columns of ``FINDINGS``: one row for each tenant and failed expectation, blocking ones first; ``sample``
        is JSON, the worst rows with product, shop, date, quantity, what is usual, and the measure.
    """
    by_rule = {rule.name: rule for rule in RULES}
    row_faults: list[pl.DataFrame] = []
    table_faults: list[tuple[Rule, str]] = []
    crashed: list[str] = []
    results = _batch(checked).validate(_suite(), result_format={"result_format": "COMPLETE"}).results
    for result in results:
        rule = by_rule[result.expectation_config.meta["rule"]]
        if result.success:
            continue
        if result.exception_info.get("raised_exception", True) and not result.result:
            crashed.append(f"{rule.name}: {result.exception_info}")
        elif rule.kind in ("columns", "type") and "unexpected_index_list" not in result.result:
            table_faults.append((rule, _observed(rule, result.result)))
        else:
            # The frame's own index: naming columns instead would make a dictionary of every unexpected row.
            index = pl.Series("row", result.result["unexpected_index_list"], dtype=pl.UInt32)
            row_faults.append(index.to_frame().with_columns(expectation=pl.lit(rule.name)))
    if table_faults:
        # Measures of such a table do not exist, so what failed on them says nothing more.
        return _of_every_tenant(cells, table_faults)
    if crashed:
        raise RuntimeError(f"the suite could not be run: {'; '.join(crashed)}")
    if not row_faults:
        return pl.DataFrame(schema=FINDINGS)
    return _told(_details(checked, pl.concat(row_faults)))


def _batch(checked: pl.DataFrame) -> "Batch":
    # Seconds to import, so only where it is used.
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # In memory only: no telemetry, no data docs (which would be written to a temporary folder), no progress bars.
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("sales").add_dataframe_asset("checked")
    dates = [pl.col(name).cast(pl.Datetime("us")) for name, kind in checked.schema.items() if kind == pl.Date]
    frame = checked.with_columns(dates).to_pandas()
    return asset.add_batch_definition_whole_dataframe("round").get_batch({"dataframe": frame})


def _suite() -> Any:
    import great_expectations as gx

    return gx.ExpectationSuite(name="sales_quality", expectations=[_expectation(rule) for rule in RULES])


def _expectation(rule: Rule) -> "Expectation":
    from great_expectations import expectations as gxe

    about = {"meta": {"rule": rule.name}, "severity": "critical" if rule.severity == BLOCKING else "warning"}
    match rule.kind:
        case "columns":
            return gxe.ExpectTableColumnsToMatchSet(column_set=SALES.names(), exact_match=False, **about)
        case "type":
            return gxe.ExpectColumnValuesToBeOfType(column=rule.column, type_=rule.type_name, **about)
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=rule.column, **about)
        case "unique":
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=UNIQUE_KEY, **about)
        case "true":
            return gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=[True], **about)
        case "between":
            return gxe.ExpectColumnValuesToBeBetween(
                column=rule.column, min_value=rule.at_least, max_value=rule.at_most, **about
            )


def _observed(rule: Rule, result: dict[str, Any]) -> str:
    if rule.kind == "columns":
        return ", ".join(sorted(result["details"]["mismatched"]["missing"]))
    return str(result["observed_value"])


def _of_every_tenant(cells: pl.DataFrame, faults: list[tuple[Rule, str]]) -> pl.DataFrame:
    found = [
        {
            "expectation": rule.name,
            "severity": rule.severity,
            "rows": 0,
            "explanation": rule.words.format(value=observed),
            "sample": "[]",
        }
        for rule, observed in faults
    ]
    table = pl.DataFrame(found, schema={name: kind for name, kind in FINDINGS.items() if name != "tenant_id"})
    return cells.select("tenant_id").sort("tenant_id").join(table, how="cross").select(FINDINGS.names())


def _details(checked: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """The rows at fault with their rule and its measure, worst first; of one topic, a row keeps what blocks."""
    rules = pl.DataFrame(
        [(rule.name, rule.severity, rule.column, rule.topic or rule.name, _ORDER[rule.name]) for rule in RULES],
        schema=["expectation", "severity", "column", "topic", "order"],
        orient="row",
    )
    rows = checked.with_row_index("row").join(faults, on="row").join(rules, on="expectation")
    measured = {rule.column for rule in RULES if rule.kind == "between"}
    value = pl.coalesce(
        *(pl.when(pl.col("column") == name).then(pl.col(name)) for name in sorted(measured)), pl.lit(None, pl.Float64)
    )
    blocked = rows.filter(pl.col("severity") == BLOCKING).select("row", "topic")
    kept = pl.concat(
        [
            rows.filter(pl.col("severity") == BLOCKING),
            rows.filter(pl.col("severity") != BLOCKING).join(blocked, on=["row", "topic"], how="anti"),
        ]
    ).with_columns(value=value)
    # How far from 1 a ratio is, up or down; a count is further the larger it is.
    badness = (
        pl.when(pl.col("value").is_between(0, 1, closed="left")).then(1 / (pl.col("value") + 1e-9)).otherwise("value")
    )
    return kept.with_columns(badness=badness).sort(
        "tenant_id", "order", "badness", "sales_date", "product_id", "location_id", "quantity",
        descending=[False, False, True, False, False, False, False], nulls_last=True,
    )  # fmt: skip


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    sample = pl.struct(
        date=pl.col("sales_date").cast(pl.String),
        location="location_id",
        measure=pl.col("value").round(4),
        product="product_id",
        quantity=_finite("quantity"),
        subject="subject",
        usual="usual",
    ).struct.json_encode()
    found = (
        rows.group_by("tenant_id", "severity", "order", "expectation", maintain_order=True)
        .agg(
            rows=pl.len().cast(pl.Int64),
            first=pl.col("sales_date").min(),
            last=pl.col("sales_date").max(),
            product=pl.col("product_id").first(),
            location=pl.col("location_id").first(),
            date=pl.col("sales_date").first(),
            **{name: pl.col(name).first() for name in ("quantity", "usual", "value")},
            sample=sample.head(SAMPLE_ROWS),
        )
        .sort("tenant_id", pl.col("severity") != BLOCKING, "order")
    )
    words = {rule.name: rule.words for rule in RULES}
    told = [words[row["expectation"]].format(**row) for row in found.iter_rows(named=True)]
    return (
        found.with_columns(
            explanation=pl.Series(told, dtype=pl.String), sample=pl.format("[{}]", pl.col("sample").list.join(","))
        )
        .select(FINDINGS.names())
        .cast(FINDINGS)
    )


def _finite(column: str) -> pl.Expr:
    """A column as a finite number, else nothing; a table of the wrong shape may hold text there."""
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)
