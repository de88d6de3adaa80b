"""The gate: which tenants may be retrained on their sales, and why the others may not.

The one entry to this package. What is expected is in ``suites``.
"""

import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.quality.check_tables import build_check_tables
from bakery_assets.quality.findings import BLOCKING, SHIFTED, of_every_tenant, summarize

FIT = "The sales are fit to train on."
REASON = ("expectation", "explanation", "rows", "sample", "severity")


def evaluate_sales_checks(cells: pl.DataFrame, frames: Frames) -> dict[str, pl.DataFrame]:
    """Check the sales of all tenants of a round in one run of the suites, and decide for each by itself.

    Args:
        cells: the columns of ``cells.CELLS``; ``plan_date`` is the first day that is not yet sold.
        frames: ``tenants``, ``products``, ``sales``, ``calendar``, as known at ``planned_as_of``.

    Returns:
        ``findings``, the columns of ``findings.FINDINGS``, and ``gate``: ``tenant_id, passed, verdict, reasons``, a row
        for each cell, sorted. A tenant passes unless it has a blocking finding; one without any sales does not.
        ``verdict`` is a sentence; ``reasons`` is a JSON array of its findings, blocking ones first: ``expectation``,
        ``explanation``, ``rows``, ``sample`` (the worst rows), ``severity``.

    Raises:
        RuntimeError: Great Expectations could not run a suite.
    """
    # Great Expectations takes seconds to import, so only where it is used.
    from bakery_assets.quality.run_suites import failed_rows, schema_faults

    faults = schema_faults(frames["sales"])
    findings = of_every_tenant(cells, faults) if faults else summarize(failed_rows(build_check_tables(cells, frames)))
    return {"gate": _verdicts(cells, findings), "findings": findings}


def _verdicts(cells: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    # The sample is JSON already and goes in as such.
    reason = pl.format(
        '{{"expectation":{},"explanation":{},"rows":{},"sample":{},"severity":{}}}',
        *(_json_text(name) if name not in ("rows", "sample") else pl.col(name) for name in REASON),
    )
    is_blocking, explanation = pl.col("severity") == BLOCKING, pl.col("explanation")
    end = pl.when(explanation.str.ends_with("?")).then(pl.lit("")).otherwise(pl.lit("."))
    sentence = pl.concat_str(explanation.str.head(1).str.to_uppercase(), explanation.str.slice(1), end)
    own = findings.group_by("tenant_id", maintain_order=True).agg(
        is_blocked=is_blocking.any(),
        waits=pl.format("Training waits. {}", sentence.filter(is_blocking).str.join(" ")),
        shifted=sentence.filter(pl.col("expectation") == SHIFTED).first(),
        reasons=reason,
    )
    return (
        cells.select("tenant_id")
        .join(own, on="tenant_id", how="left")
        .select(
            "tenant_id",
            passed=~pl.col("is_blocked").fill_null(False),
            verdict=pl.when("is_blocked").then("waits").otherwise(pl.coalesce("shifted", pl.lit(FIT))),
            reasons=pl.format("[{}]", pl.col("reasons").list.join(",").fill_null("")),
        )
        .sort("tenant_id")
    )


def _json_text(name: str) -> pl.Expr:
    return pl.struct(text=name).struct.json_encode().str.slice(len('{"text":')).str.head(-1)
