"""The rows of production_schedules: what each day's baking amounts to, whether it fits the shifts, and what follows."""

import dataframely as dy
import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.explanations.formats import as_json, counted, iso_date, iso_instant, plain_number
from bakery_assets.keys import SCHEDULE_DAY
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.make_days import Beginnings
from bakery_assets.production.carried_over import CarriedBatches, CarriedSteps
from bakery_assets.production.lots import Lots
from bakery_assets.production.timing import MINUTE_DECIMALS, ScheduledSteps, TimedBatches
from bakery_assets.production.working_hours import WorkingHours
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

UTILIZATION_DECIMALS = 4
COUNTS = (
    "total_batches",
    "batches_worked_on",
    "batches_late",
    "batches_moved",
    "batches_missed",
    "products",
    "products_unmet",
)
SUMS = (
    "forecast", "orders", "demand", "target", "stock_used", "net_requirement", "planned_quantity", "unmet", "not_begun",
    "not_worth_it",
)  # fmt: skip


class DayBatches(dy.Schema):
    """Batches that are planned or kept."""

    tenant_id = col.key_text("The bakery")
    schedule_date = col.date("Day the batch is sold first")
    begins_on = plans.ProductionBatches.begins_on
    made_on = col.date("Day of the batch's own work")
    moved_from = Beginnings.moved_from
    missed_on = Beginnings.missed_on
    quantity_planned = plans.ProductionBatches.quantity_planned
    start_at = plans.ProductionBatches.start_at
    end_at = plans.ProductionBatches.end_at


class DaySteps(dy.Schema):
    """Steps of the batches of a day."""

    tenant_id = col.key_text("The bakery")
    schedule_date = col.date("Day of the work")
    equipment_id = col.text("Machine it is done on; empty: there is none of the kind", nullable=True)
    equipment_kind = col.text("Kind of machine")
    minutes = col.number("Minutes of all loads together")


def schedule_rows(
    hours: dy.DataFrame[WorkingHours],
    lots: dy.DataFrame[Lots],
    batches: dy.DataFrame[DayBatches],
    steps: dy.DataFrame[DaySteps],
    calendar: dy.DataFrame[ops.Calendar],
    equipment: dy.DataFrame[ops.Equipment],
    recipes: dy.DataFrame[ops.Recipes],
) -> dy.DataFrame[plans.ProductionSchedules]:
    """The table's rows, one per tenant and day of the horizon, sorted.

    Quantities and batches are those for a day; its hours, lateness and machines those of the work done on it, which
    for recipes with ``make_days`` is for a later day. A day is ``closed`` when the bakery is, ``nothing_to_bake``
    without batches and work, ``over_capacity`` when a batch ends after the day's last shift or no shift works that day
    though the bakery has shifts, else ``planned``.
    Utilization is the busy time of the busiest machine over the time of the shifts (overlaps counted once);
    empty on closed days, without shifts, and without machines.
    """
    closed = closed_days(calendar).select("tenant_id", schedule_date="date", closed=True)
    rows: pl.DataFrame = hours
    for part in (
        _sums(lots),
        _batches(batches),
        _work(batches, hours),
        _busiest(steps),
        _without_machine(steps),
        _contradictions(lots),
        _without_dough(lots, recipes),
        _not_worth_baking(lots),
        closed,
    ):
        rows = rows.join(part, on=SCHEDULE_DAY, how="left")
    rows = (
        rows.join(equipment.select("tenant_id", has_machines=True).unique(), on="tenant_id", how="left")
        .with_columns(
            pl.col("closed", "has_machines").fill_null(value=False),
            pl.col("total_quantity").fill_null(0.0),
            pl.col(*COUNTS).fill_null(0),
            pl.col(*SUMS, "busy_minutes").fill_null(0.0),
        )
        .with_columns(is_unstaffed=pl.col("has_shifts") & pl.col("shift_ends_at").is_null())
    )
    rows = with_local_times(rows, shift_ends_at_local="shift_ends_at", work_ends_at_local="work_ends_at")
    rows = rows.with_columns(
        status=_status(),
        starts_at="first_start_at",
        ends_at="last_end_at",
        utilization=_utilization(),
        consequence=_consequence(),
        reasoning=_reasoning(),
    )
    return conform(plans.ProductionSchedules, rows.sort(SCHEDULE_DAY))


def _status() -> pl.Expr:
    too_much = (pl.col("batches_late") > 0) | (pl.col("is_unstaffed") & (pl.col("batches_worked_on") > 0))
    return (
        pl.when("closed")
        .then(pl.lit("closed"))
        .when(pl.max_horizontal("total_batches", "batches_worked_on") == 0)
        .then(pl.lit("nothing_to_bake"))
        .when(too_much)
        .then(pl.lit("over_capacity"))
        .otherwise(pl.lit("planned"))
    )


def _utilization() -> pl.Expr:
    share = (pl.col("busy_minutes") / pl.col("shift_minutes")).round(UTILIZATION_DECIMALS)
    return pl.when(~pl.col("closed") & pl.col("has_machines") & (pl.col("shift_minutes") > 0)).then(share)


def _sums(lots: pl.DataFrame) -> pl.DataFrame:
    """Each quantity over all products of a day."""
    totals = (ordered_sum(name).round(DECIMALS) for name in SUMS)
    return lots.group_by(SCHEDULE_DAY).agg(*totals, products=pl.len(), products_unmet=(pl.col("unmet") > 0).sum())


def day_batches(timed: dy.DataFrame[TimedBatches], carried: dy.DataFrame[CarriedBatches]) -> dy.DataFrame[DayBatches]:
    """The batches of each day, new and kept ones, but for those that failed or were cancelled."""
    made = carried.filter(~pl.col("state").is_in(plans.MADE_NOTHING))
    kept = made.with_columns(
        start_at="really_starts_at",
        end_at="really_ends_at",
        moved_from=pl.lit(None, pl.Date),
        missed_on=pl.lit(None, pl.Date),
    )
    columns = DayBatches.column_names()
    return conform(DayBatches, pl.concat([timed.select(columns), kept.select(columns)], how="vertical_relaxed"))


def day_steps(
    timed: dy.DataFrame[TimedBatches],
    steps: dy.DataFrame[ScheduledSteps],
    carried: dy.DataFrame[CarriedBatches],
    kept: dy.DataFrame[CarriedSteps],
) -> dy.DataFrame[DaySteps]:
    """The steps of the batches that are worked on on each day, new and kept ones."""
    new = steps.join(timed.select("row", "tenant_id", schedule_date="made_on"), on="row")
    days = carried.select("tenant_id", "batch_number", work_date="made_on", sold_on="schedule_date")
    old = kept.rename({"schedule_date": "sold_on"}).join(days, on=["tenant_id", "sold_on", "batch_number"])
    columns = DaySteps.column_names()
    old = old.rename({"work_date": "schedule_date"})
    return conform(DaySteps, pl.concat([new.select(columns), old.select(columns)], how="vertical_relaxed"))


def _batches(batches: pl.DataFrame) -> pl.DataFrame:
    """The batches that are for a day."""
    missed = pl.col("missed_on").is_not_null()
    return batches.group_by(SCHEDULE_DAY).agg(
        total_batches=pl.len(),
        total_quantity=ordered_sum("quantity_planned").round(DECIMALS),
        batches_without_times=pl.col("start_at").is_null().sum(),
        batches_moved=pl.col("moved_from").is_not_null().sum(),
        moved_from=pl.col("moved_from").min(),
        batches_missed=missed.sum(),
        missed_on=pl.col("missed_on").min(),
        missed_begin=pl.col("begins_on").filter(missed).min(),
        first_start_at=pl.col("start_at").min(),
        last_end_at=pl.col("end_at").max(),
    )


def _work(batches: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    """The batches that are worked on on a day, whichever day they are for."""
    is_late = (pl.col("end_at") > pl.col("shift_ends_at")).fill_null(value=False)
    return (
        batches.select("tenant_id", "end_at", schedule_date="made_on")
        .join(hours.select(*SCHEDULE_DAY, "shift_ends_at"), on=SCHEDULE_DAY)
        .group_by(SCHEDULE_DAY)
        .agg(batches_worked_on=pl.len(), batches_late=is_late.sum(), work_ends_at=pl.col("end_at").max())
    )


def _busiest(steps: pl.DataFrame) -> pl.DataFrame:
    """The machine with the most busy minutes of each day, the first by name of equals."""
    return (
        steps.filter(pl.col("equipment_id").is_not_null())
        .group_by(*SCHEDULE_DAY, busiest_machine="equipment_id")
        .agg(busy_minutes=ordered_sum("minutes").round(MINUTE_DECIMALS))
        .sort(*SCHEDULE_DAY, "busy_minutes", "busiest_machine", descending=[False, False, True, False])
        .unique(SCHEDULE_DAY, keep="first", maintain_order=True)
    )


def _without_machine(steps: pl.DataFrame) -> pl.DataFrame:
    return (
        steps.filter(pl.col("equipment_id").is_null())
        .group_by(SCHEDULE_DAY)
        .agg(kinds_without_machine=pl.col("equipment_kind").unique().sort())
    )


def _contradictions(lots: pl.DataFrame) -> pl.DataFrame:
    return (
        lots.filter(pl.col("is_contradictory") & (pl.col("batches") > 0))
        .sort(*SCHEDULE_DAY, "product_id")
        .group_by(SCHEDULE_DAY, maintain_order=True)
        .agg(
            contradictions=pl.format(
                "{} is planned in batches of {} though its batch_max is {}: correct its batch sizes",
                "product_id",
                plain_number("smallest"),
                plain_number("batch_max"),
            ).str.join("; ")
        )
    )


def _without_dough(lots: pl.DataFrame, recipes: dy.DataFrame[ops.Recipes]) -> pl.DataFrame:
    """The products of a day that are not baked as required, because what they take had to be begun before."""
    names = recipes.select(
        "tenant_id", not_begun_item="recipe_id", had_to_begin=pl.coalesce("name", "recipe_id")
    )  # fmt: skip
    limited = lots.filter(pl.col("not_begun") > 0).join(names, on=["tenant_id", "not_begun_item"])
    return (
        limited.sort(*SCHEDULE_DAY, "product_id")
        .group_by(SCHEDULE_DAY, maintain_order=True)
        .agg(
            without_dough=pl.struct(
                "product_id", "not_begun", "had_to_begin", begin_by=pl.col("had_to_begin_on").cast(pl.String)
            )
        )
    )


def _not_worth_baking(lots: pl.DataFrame) -> pl.DataFrame:
    """The products of a day that are left out, as the smallest batch would lose more than it earns."""
    return (
        lots.filter(pl.col("not_worth_it") > 0)
        .with_columns(short=(pl.col("demand") - pl.col("sold_from_stock")).clip(0.0).round(DECIMALS))
        .sort(*SCHEDULE_DAY, "product_id")
        .group_by(SCHEDULE_DAY, maintain_order=True)
        .agg(
            not_worth_baking=pl.struct(
                "product_id", "not_worth_it", "lot_left_out", "short", "expected_gain", "expected_loss"
            )
        )
    )


def _consequence() -> pl.Expr:
    shift_end = pl.col("shift_ends_at_local").dt.strftime("%H:%M")
    last_end = pl.col("work_ends_at_local")
    same_day = last_end.dt.date() == pl.col("shift_ends_at_local").dt.date()
    last = pl.when(same_day).then(last_end.dt.strftime("%H:%M")).otherwise(last_end.dt.strftime("%H:%M on %Y-%m-%d"))
    late = (
        pl.when(pl.col("batches_late") == 1)
        .then(pl.format("1 batch ends after the shift at {}, at {}", shift_end, last))
        .when(pl.col("batches_late") > 1)
        .then(pl.format("{} batches end after the shift at {}; the last at {}", "batches_late", shift_end, last))
    )
    unstaffed = pl.when(pl.col("is_unstaffed") & (pl.col("batches_worked_on") > 0)).then(
        pl.format("no shift works on this day, but {} planned", counted("batches_worked_on", "batch is", "batches are"))
    )
    missed = pl.when(pl.col("batches_missed") > 0).then(
        pl.format(
            "work for {} falls on {}, when no one works, and had to be begun by {}: if it was not, "
            "someone has to come in",
            counted("batches_missed", "batch", "batches"),
            iso_date("missed_on"),
            iso_date("missed_begin"),
        )
    )
    moved = pl.when(pl.col("batches_moved") > 0).then(
        pl.format(
            "work for {} falls on {}, when no one works, and has to be begun on {}",
            counted("batches_moved", "batch", "batches"),
            iso_date("moved_from"),
            iso_date("plan_date"),
        )
    )
    unmet = pl.when(pl.col("products_unmet") > 0).then(
        pl.format(
            "customer orders for {} units of {} are due on a day on which they are not baked and are not in stock: "
            "agree another day with the customers",
            plain_number("unmet"),
            counted("products_unmet", "product", "products"),
        )
    )
    return pl.concat_str(
        late, unstaffed, moved, missed, unmet, "contradictions", separator=". ", ignore_nulls=True
    ).replace("", None)


def _reasoning() -> pl.Expr:
    plain = (
        *SUMS, "products", "batches_late", "batches_without_times", "busiest_machine", "busy_minutes",
        "kinds_without_machine", "not_worth_baking", "shift_minutes",
        "without_dough",
    )  # fmt: skip
    return as_json(
        **{name: pl.col(name) for name in plain}
        | {
            "batches": pl.col("total_batches"),
            "shift_ends_at": iso_instant("shift_ends_at"),
            "shift_starts_at": iso_instant("shift_starts_at"),
            "work_starts_at": iso_instant("work_starts_at"),
        }
    )
