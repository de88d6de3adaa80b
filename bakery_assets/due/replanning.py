"""Whether late sales plan a day anew, or only validate: the one place where this rule is stated.

A plan that is out is worked with. Sales that arrive after it validate the days they are of, always. They plan the day
anew only while nobody works for it yet (before the first start of work for the date, without shifts before the first
shop opens), and only when they change the total of a day by more than the tenant's ``replan_threshold``, as a fraction
of what the plan had taken. It had taken what was recorded by then; of a day that was not over, its forecast, where that
is more.
"""

from datetime import datetime

import dataframely as dy
import polars as pl

from bakery_assets.cells import Cell
from bakery_assets.schemas import columns as col


class ReplanCandidates(dy.Schema):
    """Planned cells whose revalidation is requested, with the days whose sales they have taken."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the cell", primary_key=True)
    sales_date = col.date("Local day of sales before it", primary_key=True)
    work_begins_at = col.instant("First start of work for the plan date, else the first opening")
    threshold = col.number("Change from which the day is planned anew, as a fraction of what was taken")
    taken = col.number("Units that the plan had taken as sold", minimum=None)
    known = col.number("Units known as sold now", minimum=None)


def cells_to_replan(candidates: dy.DataFrame[ReplanCandidates], now: datetime) -> set[Cell]:
    """The cells that are planned anew."""
    change = (pl.col("known") - pl.col("taken")).abs()
    found = candidates.filter(
        pl.col("work_begins_at") > now, change > pl.col("threshold") * pl.col("taken").clip(lower_bound=0.0)
    )
    return {Cell(*row) for row in found.select("tenant_id", "plan_date").unique().iter_rows()}
