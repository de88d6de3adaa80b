"""Findings: what is reported of the expectations that a tenant fails, explained in a sentence, with the worst rows.

Which rows fail is found in ``run_suites``, whether a tenant passes in ``gate``.
"""

from collections.abc import Mapping

import polars as pl

from bakery_assets.quality.check_tables import IDENTITY
from bakery_assets.quality.explanations import EXPLANATIONS, rounded_factor, times_the_usual
from bakery_assets.quality.thresholds import SAMPLE_ROWS

BLOCKING = "blocking"
WARNING = "warning"
SHIFTED = "level_not_shifted"  # the expectation that fails where sales are at another level and are trained on
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
FAILED_ROWS = pl.Schema(
    {
        **IDENTITY,
        "value": pl.Float64(),
        "expectation": pl.String(),
        "severity": pl.String(),
        "rank": pl.Int32(),
    }
)
"""Rows that fail an expectation: ``value`` is the figure that is out of range, ``rank`` the order of expectations."""


def summarize(failed: pl.DataFrame) -> pl.DataFrame:
    """One finding for each tenant and expectation that it fails, blocking ones first.

    Args:
        failed: the columns of ``FAILED_ROWS``.

    Returns:
        The columns of ``FINDINGS``; ``sample`` is JSON, the worst rows with product, shop, date, quantity, what is
        usual, and the figure that is out of range (``measure``).
    """
    value = pl.col("value")
    # How far from 1 a ratio is, up or down; a count is further the larger it is.
    badness = pl.when(value.is_between(0, 1, closed="left")).then(1 / (value + 1e-9)).otherwise(value)
    sample = pl.struct(
        date=pl.col("sales_date").cast(pl.String),
        location="location_id",
        measure=value.round(4),
        product="product_id",
        quantity=pl.when(pl.col("quantity").is_finite()).then("quantity"),
        subject="subject",
        usual="usual",
    ).struct.json_encode()
    found = (
        failed.sort(
            "tenant_id", "rank", badness, "sales_date", "product_id", "location_id", "quantity",
            descending=[False, False, True, False, False, False, False], nulls_last=True,
        )
        .group_by("tenant_id", "severity", "rank", "expectation", maintain_order=True)
        .agg(
            pl.col("quantity", "usual", "value").first(),
            rows=pl.len().cast(pl.Int64),
            first=pl.col("sales_date").min(),
            last=pl.col("sales_date").max(),
            product=pl.col("product_id").first(),
            location=pl.col("location_id").first(),
            date=pl.col("sales_date").first(),
            sample=sample.head(SAMPLE_ROWS),
        )
        .sort("tenant_id", pl.col("severity") != BLOCKING, "rank")
    )  # fmt: skip
    explained = [
        EXPLANATIONS[row["expectation"]].format(
            **row, factor=rounded_factor(row["value"]), times=times_the_usual(row["value"])
        )
        for row in found.iter_rows(named=True)
    ]
    return found.with_columns(
        explanation=pl.Series(explained, dtype=pl.String), sample=pl.format("[{}]", pl.col("sample").list.join(","))
    ).select(FINDINGS.names())


def level_shifts(findings: pl.DataFrame) -> pl.DataFrame:
    """Tenants whose sales are at another level that is taken for true: ``tenant_id, explanation``.

    Args:
        findings: the columns of ``FINDINGS``.
    """
    return findings.filter(pl.col("expectation") == SHIFTED).select("tenant_id", "explanation")


def of_every_tenant(cells: pl.DataFrame, faults: Mapping[str, str]) -> pl.DataFrame:
    """Findings about the sales as a whole, which block every tenant: the columns of ``FINDINGS``.

    Args:
        cells: the columns of ``cells.CELLS``.
        faults: of ``run_suites.schema_faults``.
    """
    rows = [(name, BLOCKING, 0, EXPLANATIONS[name].format(value=value), "[]") for name, value in faults.items()]
    found = pl.DataFrame(rows, schema=FINDINGS.names()[1:], orient="row")
    return cells.select("tenant_id").sort("tenant_id").join(found, how="cross").cast(FINDINGS)
