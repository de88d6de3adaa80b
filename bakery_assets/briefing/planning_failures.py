"""Findings about days that could not be planned; the only ones that no stage makes."""

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import finding, rank_findings
from bakery_assets.explanations.formats import as_json
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col


class PlanningFailures(Cells):
    """Cells that could not be planned."""

    stage = col.text("Stage that failed")
    reason = col.text("Why it failed")


def failure_findings(failures: dy.DataFrame[PlanningFailures]) -> dy.DataFrame[plans.Findings]:
    """A finding ``planning_failed`` for each cell; subject is the stage. The cause names the day, which a later day's
    plan does not make up for."""
    found = finding(
        failures,
        severity="critical",
        kind="planning_failed",
        cause=pl.format("planning_failed:{}", "plan_date"),
        subject="stage",
        stake=pl.lit(1.0),
        deadline="planned_as_of",
        message=pl.format("{} could not be planned: {}", pl.col("plan_date").dt.strftime("%a %-d %b"), "reason"),
        reasoning=as_json(stage="stage", reason="reason"),
        consequence="There is no new plan for this day.",
        suggested_action="Correct what the reason names, and plan the day again.",
    )
    return rank_findings(conform(Cells, failures), [found])
