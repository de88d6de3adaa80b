"""Alerts about when the day begins: what is not ready when it has to be, and a plan that comes after work has begun."""

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.explanations.formats import as_json, counted, iso_instant, plain_number
from bakery_assets.local_time import with_local_times
from bakery_assets.planning_instants import PlanningFacts, late_planning, planning_instants
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, ops, plans

NAMED = 3  # products named in the message; the reasoning has all
# Up to so many minutes late is of low severity: durations of steps are estimates, which are rarely closer, and few
# customers come in the first minutes. Of what no one can tell how late it is severity stays high.
SLIGHTLY_LATE_MINUTES = 10


class ReadyAlertInputs(PlanningFacts):
    """What ``ready_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    production_batches: dy.DataFrame[plans.ProductionBatches]


def ready_findings(cells: dy.DataFrame[Cells], inputs: ReadyAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``not_ready`` and ``planned_late``, each at most once a day."""
    return [_not_ready(inputs["production_batches"], inputs["products"]), _planned_late(cells, inputs)]


def _not_ready(
    batches: dy.DataFrame[plans.ProductionBatches], products: dy.DataFrame[ops.Products]
) -> dy.DataFrame[Finding]:
    """The plan date's products of which a batch ends too late, the one that is latest first."""
    names = products.select("tenant_id", "product_id", "name")
    quantity = pl.col("quantity_planned")
    late = (
        batches.filter((pl.col("schedule_date") == pl.col("plan_date")) & ~pl.col("state").is_in(plans.MADE_NOTHING))
        .sort("tenant_id", "end_at", "batch_number")
        .group_by("tenant_id", "plan_date", "product_id", maintain_order=True)
        .agg(
            units=ordered_sum("quantity_planned").round(DECIMALS),
            units_late=quantity.filter(pl.col("is_late")).sum().round(DECIMALS),
            ready_by=pl.col("ready_by").first(),
            end_at=pl.col("end_at").filter("is_late").last(),
            because=pl.col("late_because").drop_nulls().first(),
        )
        .filter(pl.col("end_at").is_not_null())
        .join(names, on=["tenant_id", "product_id"])
        .with_columns(minutes=((pl.col("end_at") - pl.col("ready_by")).dt.total_seconds() / 60).ceil().cast(pl.Int64))
        # What was begun late keeps the times that were planned; when it is ready is in the reason.
        .with_columns(minutes=pl.when(pl.col("minutes") > 0).then("minutes"))
        .sort("tenant_id", "minutes", "product_id", descending=[False, True, False], nulls_last=True)
    )
    phrase = pl.format(
        "{} ({} of {}{})",
        "name", plain_number("units_late"), plain_number("units"),
        pl.format(", up to {} late", counted("minutes", "minute", "minutes")).fill_null(""),
    )  # fmt: skip
    days = (
        late.with_columns(phrase=phrase)
        .group_by("tenant_id", "plan_date", maintain_order=True)
        .agg(
            named=pl.col("phrase").head(NAMED).str.join(", "),
            more=pl.len().cast(pl.Int64) - NAMED,
            because=pl.col("because").unique(maintain_order=True).str.join("; "),
            share=(pl.col("units_late").sum() / pl.col("units").sum()).fill_nan(0.0),
            first_ready_by=pl.col("ready_by").min(),
            is_slight=(pl.col("minutes") <= SLIGHTLY_LATE_MINUTES).fill_null(value=False).all(),
            products=pl.struct(
                "product_id", "name", "units", "units_late", "minutes", "because",
                ready_by=iso_instant("ready_by"), end_at=iso_instant("end_at"),
            ),
        )
    )  # fmt: skip
    more = pl.when(pl.col("more") > 0).then(pl.format(" and {} more", "more")).otherwise(pl.lit(""))
    return finding(
        days,
        severity=pl.when("is_slight").then(pl.lit("low")).otherwise(pl.lit("high")),
        kind="not_ready",
        stake=pl.col("share"),
        deadline="first_ready_by",
        message=pl.format("Not ready when it has to be: {}{}, because {}.", "named", more, "because"),
        reasoning=as_json(products="products"),
        consequence="The first customers do not get it.",
        suggested_action="Begin earlier, or bake less of what can come later.",
    )


def _planned_late(cells: dy.DataFrame[Cells], facts: PlanningFacts) -> dy.DataFrame[Finding]:
    late = with_local_times(
        late_planning(planning_instants(cells, facts)), planned="planned_as_of", began="first_start_at"
    ).with_columns(pl.col("planned", "began").dt.strftime("%H:%M"))
    return finding(
        late,
        severity="medium",
        kind="planned_late",
        message=pl.format("The day is planned at {}, when work for it has begun at {}.", "planned", "began"),
        reasoning=as_json(planned_as_of=iso_instant("planned_as_of"), first_start_at=iso_instant("first_start_at")),
        consequence="Nothing is planned for the time before.",
        suggested_action="Set the planning time before the first shift, or leave it empty.",
    )
