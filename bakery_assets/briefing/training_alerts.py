"""Findings about training: a bakery whose models wait because its sales failed the data-quality gate."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.explanations.formats import as_json
from bakery_assets.schemas import Cells, plans


class TrainingAlertInputs(TypedDict):
    """What ``training_findings`` reads: each tenant's last retraining that had ended by its planning instant."""

    retraining_runs: dy.DataFrame[plans.RetrainingRuns]


def training_findings(cells: dy.DataFrame[Cells], inputs: TrainingAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``training_waits``, once a day until a retraining passes the gate."""
    gated = inputs["retraining_runs"].filter(pl.col("state") == "gated")
    waiting = cells.select("tenant_id", "plan_date").join(gated, on="tenant_id", maintain_order="left")
    return [
        finding(
            waiting,
            severity="medium",
            kind="training_waits",
            message=pl.coalesce("reason", pl.lit("Training waits.")),
            reasoning=as_json(retraining_id="retraining_id", trained_as_of="trained_as_of", old_version="old_version"),
            consequence=pl.when(pl.col("old_version").is_null())
            .then(pl.lit("Sales are forecast without models of this bakery's own until then."))
            .otherwise(pl.lit("Sales are forecast with the models that were trained before.")),
            suggested_action=(
                "Import the right sales of these days, and enter closed days and events in the calendar. Training is"
                " tried again on Sunday night, or at once with bakery train."
            ),
        )
    ]
