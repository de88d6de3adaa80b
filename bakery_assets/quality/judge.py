"""The verdict: which tenants may be retrained on their sales, and why the others may not."""

import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.quality.checked import checked_sales
from bakery_assets.quality.rules import BLOCKING
from bakery_assets.quality.suite import run_suite

REASON = ("expectation", "explanation", "rows", "sample", "severity")


def judge_sales(cells: pl.DataFrame, frames: Frames) -> dict[str, pl.DataFrame]:
    """Check the sales of all tenants of a round in one run of the suite, and decide for each by itself.

    Args:
        cells: the columns of ``cells.CELLS``; ``plan_date`` is the first day that is not yet sold.
        frames: ``tenants``, ``products``, ``sales``, ``calendar``, as known at ``planned_as_of``.

    Returns:
        ``gate`` as of ``gate``, and ``findings`` as of ``run_suite``.
    """
    findings = run_suite(cells, checked_sales(cells, frames))
    return {"gate": gate(cells, findings), "findings": findings}


def gate(cells: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Who passes: whoever has no blocking finding. A tenant without any sales does not.

    Returns:
        ``tenant_id, passed, reasons``, a row for each cell, sorted; ``reasons`` is a JSON array of its findings,
        blocking ones first: ``expectation``, ``explanation``, ``rows``, ``sample`` (the worst rows), ``severity``.
    """
    # The sample is JSON already and goes in as such.
    reason = pl.format(
        '{{"expectation":{},"explanation":{},"rows":{},"sample":{},"severity":{}}}',
        *(_json_text(name) if name not in ("rows", "sample") else pl.col(name) for name in REASON),
    )
    own = findings.group_by("tenant_id", maintain_order=True).agg(
        blocked=(pl.col("severity") == BLOCKING).any(), reasons=reason
    )
    return (
        cells.select("tenant_id")
        .join(own, on="tenant_id", how="left")
        .select(
            "tenant_id",
            passed=~pl.col("blocked").fill_null(False),
            reasons=pl.format("[{}]", pl.col("reasons").list.join(",").fill_null("")),
        )
        .sort("tenant_id")
    )


def _json_text(name: str) -> pl.Expr:
    return pl.struct(text=name).struct.json_encode().str.slice(len('{"text":')).str.head(-1)
