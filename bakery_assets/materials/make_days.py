"""Make days: on which day doughs and other work are begun that have to start days before their use.

Days are counted from the plan date, which is day 0. When in a day work starts is in ``production.working_hours``, what
work takes of materials in ``explosion``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.cells import OUTLOOK_DAYS, with_day
from bakery_assets.materials.bill_of_materials import BillInputs, component_lines
from bakery_assets.materials.items import INTERMEDIATE_KIND
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col

LOOK_BACK_DAYS = 60  # before the plan date; twice the longest make_days


class MakeDays(dy.Schema):
    """On which day work that is due on a day is done."""

    tenant_id = col.tenant_id()
    day = col.integer("Day on which work is due", minimum=-LOOK_BACK_DAYS, primary_key=True)
    make_day = col.integer(
        "The last day up to it on which someone works; empty: there is none", minimum=-LOOK_BACK_DAYS, nullable=True
    )


class MakeOrders(dy.Schema):
    """What is to be ready on which day."""

    tenant_id = col.tenant_id()
    recipe_id = col.key_text("Recipe of the product", primary_key=True)
    schedule_date = col.date("Day on which it has to be ready", primary_key=True)


class Beginnings(MakeOrders):
    """When the work for what has to be ready is begun."""

    begins_on = col.date("Day on which its first dough, or without doughs its own work, is begun")
    made_on = col.date("Day of its own work")
    moved_from = col.date(
        "First day on which work for it is due that is done on the plan date, as no one works between; empty: none",
        nullable=True,
    )
    missed_on = col.date(
        "First day from the plan date on on which work for it is due, but no one works from the plan date up to then; "
        "empty: none",
        nullable=True,
    )


def make_days(
    cells: dy.DataFrame[Cells], calendar: dy.DataFrame[ops.Calendar], shifts: dy.DataFrame[ops.Shifts]
) -> dy.DataFrame[MakeDays]:
    """The make day of every day from ``LOOK_BACK_DAYS`` before the plan date to the end of the outlook, sorted.

    Someone works on a day on which the bakery is not closed and, where it has shifts on any weekday, on which a shift
    begins or ends.
    """
    overnight = shifts.filter(pl.col("ends_at") <= pl.col("starts_at"))
    staffed = pl.concat(
        [shifts.select("tenant_id", "weekday"), overnight.select("tenant_id", pl.col("weekday") % 7 + 1)]
    ).unique()
    closed = with_day(closed_days(calendar), cells, of="date").select("tenant_id", "day", is_closed=True)
    days = pl.DataFrame({"day": range(-LOOK_BACK_DAYS, OUTLOOK_DAYS)}, schema={"day": pl.Int64})
    works = pl.col("is_closed").is_null() & (pl.col("has_shift") | pl.col("has_shifts").is_null())
    found = (
        cells.select("tenant_id", "plan_date")
        .join(days, how="cross")
        .with_columns(weekday=(pl.col("plan_date") + pl.duration(days="day")).dt.weekday().cast(pl.Int32))
        .join(
            staffed.with_columns(pl.col("weekday").cast(pl.Int32), has_shift=True),
            on=["tenant_id", "weekday"],
            how="left",
        )
        .join(staffed.select("tenant_id", has_shifts=True).unique(), on="tenant_id", how="left")
        .join(closed, on=["tenant_id", "day"], how="left")
        .sort("tenant_id", "day")
        .with_columns(make_day=pl.when(works.fill_null(value=False)).then("day").forward_fill().over("tenant_id"))
    )
    return conform(MakeDays, found)


def on_make_days(rows: pl.DataFrame, made: dy.DataFrame[MakeDays]) -> pl.DataFrame:
    """Rows whose ``day`` is moved to its make day where ``lead_days`` is above 0, with ``due_day``: what it was, and
    ``is_missed``: the day is still to come, but no one works from the plan date up to it.

    Work on the day itself is not moved: what is baked for a day on which no one works is reported by its schedule.
    """
    moved = rows.join(
        made.select("tenant_id", pl.col("day").cast(rows.schema["day"]), "make_day"),
        on=["tenant_id", "day"],
        how="left",
    )
    is_moved = (pl.col("lead_days") > 0) & pl.col("make_day").is_not_null()
    is_to_come = (pl.col("lead_days") > 0) & (pl.col("day") >= 0)
    return moved.with_columns(
        due_day="day",
        day=pl.when(is_moved).then("make_day").otherwise("day").cast(rows.schema["day"]),
        is_missed=is_to_come & (pl.col("make_day") < 0).fill_null(value=True),
    ).drop("make_day")


def beginnings(
    orders: dy.DataFrame[MakeOrders], cells: dy.DataFrame[Cells], inputs: BillInputs, made: dy.DataFrame[MakeDays]
) -> dy.DataFrame[Beginnings]:
    """When work for each order is begun, through all levels of its recipe, as ``explosion`` requires its components.

    A recipe's own work is done ``make_days`` before it has to be ready; what it takes has to be ready then. Stock of
    doughs is not netted: with enough in the cooler the work begins later.

    Args:
        orders: of recipes that do not contain themselves.
    """
    leads = inputs["recipes"].select("tenant_id", "recipe_id", lead_days="make_days")
    takes_intermediate = (pl.col("component_kind") == INTERMEDIATE_KIND) & pl.col("factor").is_not_null()
    taken = component_lines(inputs).filter(takes_intermediate)
    takes = taken.select("tenant_id", parent="recipe_id", recipe_id="component_id").unique()
    order = MakeOrders.column_names()
    now = with_day(orders, cells, of="schedule_date").select(*order, "day", work="recipe_id")
    levels: list[pl.DataFrame] = []
    while now.height or not levels:
        done = on_make_days(
            now.join(leads, left_on=["tenant_id", "work"], right_on=["tenant_id", "recipe_id"]).with_columns(
                day=pl.col("day") - pl.col("lead_days")
            ),
            made,
        ).with_columns(is_own=pl.lit(not levels))
        levels.append(done)
        now = (
            done.join(
                takes.rename({"recipe_id": "component"}),
                left_on=["tenant_id", "work"],
                right_on=["tenant_id", "parent"],
            )
            .select(*order, "day", work="component")
            .unique()
        )
    first = (
        pl.concat(levels)
        .group_by(order)
        .agg(
            begin_day=pl.col("day").min(),
            own_day=pl.col("day").filter("is_own").first(),
            moved_day=pl.col("due_day").filter((pl.col("day") == 0) & (pl.col("due_day") > 0)).min(),
            missed_day=pl.col("due_day").filter("is_missed").min(),
        )
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .with_columns(
            begins_on=pl.col("plan_date") + pl.duration(days="begin_day"),
            made_on=pl.col("plan_date") + pl.duration(days="own_day"),
            moved_from=pl.col("plan_date") + pl.duration(days="moved_day"),
            missed_on=pl.col("plan_date") + pl.duration(days="missed_day"),
        )
        .sort(order)
    )
    return conform(Beginnings, first)
