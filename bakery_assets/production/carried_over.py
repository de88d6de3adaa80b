"""Carried-over batches: what earlier plans have begun or made final, which a new plan keeps and counts as supply.

Which batches of the record hold, and what events say of them, is in ``bakery_assets.batches``.
"""

from datetime import timedelta
from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.batches.histories import histories_of
from bakery_assets.batches.of_record import BATCH, batches_of_record, begins_by_record, ready_at
from bakery_assets.cells import HORIZON_DAYS, stock_instants
from bakery_assets.opening_hours import trading_hours
from bakery_assets.quantities import equal
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

OVER = ("completed", "failed", "cancelled")
STEPS = pl.List(
    pl.Struct({"equipment_id": pl.String, "equipment_kind": pl.String, "minutes": pl.Float64, "start_at": pl.String})
)


class RecordInputs(TypedDict):
    """What ``carried_batches`` reads."""

    locations: dy.DataFrame[ops.Locations]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    calendar: dy.DataFrame[ops.Calendar]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_batches: dy.DataFrame[plans.PublishedBatches]
    batch_events: dy.DataFrame[ops.BatchEvents]


class CarriedBatches(dy.Schema):
    """Batches of the horizon that a plan keeps as they are."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned")
    schedule_date = col.date("Day it is sold first", primary_key=True)
    batch_number = col.key_text("The batch", primary_key=True)
    product_id = col.key_text("The product")
    recipe_id = col.text("Recipe used", nullable=True)
    quantity_planned = col.number("Quantity as published, or as confirmed since, in the product's unit")
    supply = col.number(
        "Quantity it still adds to stock after the planning instant, in the product's unit; of one that was made"
        " smaller what it was to add before, so that nothing is baked to make up for that"
    )
    begins_on = plans.ProductionBatches.begins_on
    made_on = col.date("Day of its own work")
    begins_at = col.instant("When its first dough is begun", nullable=True)
    start_at = col.instant("Start of its own first step", nullable=True)
    end_at = col.instant("End", nullable=True)
    really_starts_at = col.instant("The same start, or the one that an event tells", nullable=True)
    really_ends_at = col.instant("The end that an event tells, or so long after that start as planned", nullable=True)
    equipment_id = col.text("Machine of the longest step", nullable=True)
    priority = col.integer("1 was to be baked first", minimum=1)
    reasoning = col.json("Every term of the calculation, as published")
    state = plans.ProductionBatches.state
    is_in_stock = plans.ProductionBatches.is_in_stock
    has_taken_ingredients = plans.ProductionBatches.has_taken_ingredients
    is_final = col.boolean("The plan of its own day, a later one than this plan's, is published already")


class CarriedSteps(dy.Schema):
    """The steps of carried-over batches, as they were published, as much later or earlier as the batch was begun."""

    tenant_id = col.key_text("The bakery")
    schedule_date = col.date("Day the batch is sold first")
    batch_number = col.key_text("The batch")
    equipment_id = col.text("Machine it is done on; empty: on none", nullable=True)
    equipment_kind = col.text("Kind of machine")
    minutes = col.number("Minutes of all loads together")
    start_at = col.instant("Start of the step")
    is_over = col.boolean("The batch has ended, so that the machine is free")


class UsedNumbers(dy.Schema):
    """The highest running number that a batch of a day has, or had."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("Day of the batches", primary_key=True)
    used = col.integer("The number")


def carried_batches(cells: dy.DataFrame[Cells], inputs: RecordInputs) -> dy.DataFrame[CarriedBatches]:
    """Batches that each cell's plan keeps with number, quantity and times, sorted; one that was confirmed with another
    quantity has that one.

    These are the batches of the horizon that have begun at the planning instant, by the record (their first dough
    counts) or by an event, those that were confirmed, and those of a day whose own plan is published already. A batch
    that failed or was cancelled is kept, too, for it keeps its number, and supplies nothing. What had to begin before
    its plan was published has not begun by the record; what was given up has begun only if an event says so. A batch
    without times is made when its kitchen opens.

    A batch that is in the stock that the plan begins with supplies nothing more, even where no event tells that it is
    finished: the ledger takes it as ready when it was planned to be.
    """
    as_of = pl.col("planned_as_of")
    last_day = pl.col("cell_date") + pl.duration(days=HORIZON_DAYS - 1)
    recorded = batches_of_record(cells, inputs["plan_versions"], inputs["published_batches"])
    rows = (
        recorded.join(cells.select("tenant_id", "timezone", "planned_as_of", cell_date="plan_date"), on="tenant_id")
        .filter(pl.col("schedule_date").is_between(pl.col("cell_date"), last_day))
        .join(
            histories_of(cells, inputs["batch_events"], recorded).select(
                *BATCH, "state", "confirmed_quantity", "started_at", "checked_at", "ended_at"
            ),
            on=BATCH,
            how="left",
        )
    )
    rows = _with_opening(rows, inputs).with_columns(
        begins=pl.coalesce(begins_by_record(), "opens_at"), ends=pl.coalesce("end_at", "opens_at")
    )
    begun_by_record = (pl.col("begins") <= as_of) & (pl.col("begins") >= pl.col("planned_since"))
    is_final = (pl.col("published_for") == pl.col("schedule_date")) & (pl.col("schedule_date") > pl.col("cell_date"))
    rows = rows.with_columns(is_final=is_final & pl.col("is_of_record"))
    reported_begun = pl.any_horizontal(
        pl.col("started_at", "checked_at").is_not_null(), pl.col("state").is_in(["completed", "failed"])
    ).fill_null(value=False)
    holds = begun_by_record.fill_null(value=False) | pl.col("state").is_not_null() | pl.col("is_final")
    kept = rows.filter((pl.col("is_of_record") & holds) | reported_begun)
    assumed = (
        pl.when(begun_by_record & (pl.col("ends") <= as_of))
        .then(pl.lit("completed"))
        .when(begun_by_record)
        .then(pl.lit("in_progress"))
        .otherwise(pl.lit("planned"))
    )
    kept = kept.with_columns(
        state=pl.coalesce("state", assumed),
        plan_date="cell_date",
        really_starts_at=pl.when(pl.col("start_at").is_not_null()).then(pl.coalesce("started_at", "start_at")),
        really_ends_at=pl.coalesce("ended_at", pl.col("end_at") + _delay("started_at")),
        begins_on=pl.coalesce(_day("begins_on"), "schedule_date"),
        made_on=pl.coalesce(_day("made_on"), "schedule_date"),
        quantity_planned=pl.coalesce("confirmed_quantity", "quantity_planned"),
        reasoning=_with_change(),
    )
    return conform(CarriedBatches, _with_stock(kept, cells, begun_by_record | reported_begun).sort(BATCH))


def _with_stock(kept: pl.DataFrame, cells: dy.DataFrame[Cells], begun: pl.Expr) -> pl.DataFrame:
    """Add what of a batch is in the stock that the plan begins with, by the ledger's rules, and what is to come."""
    has_begun = begun.fill_null(value=False) | (pl.col("state") == "confirmed")
    start = pl.coalesce("started_at", "checked_at", "start_at", "opens_at")
    is_over = pl.col("state").is_in(OVER)
    timed = kept.join(stock_instants(cells), on="tenant_id", maintain_order="left").with_columns(
        is_in_stock=is_over | (has_begun & (ready_at(start) <= pl.col("stock_at"))).fill_null(value=False),
        has_taken_ingredients=is_over | (has_begun & (start <= pl.col("stock_at"))).fill_null(value=False),
    )
    to_come = pl.max_horizontal("quantity_planned", _changed_from())
    return timed.with_columns(supply=pl.when("is_in_stock").then(0.0).otherwise(to_come))


def _with_change() -> pl.Expr:
    """The terms of a batch; where another quantity was confirmed than the first that was planned, that one, too."""
    origin = pl.coalesce(_changed_from(), "quantity_planned")
    is_changed = ~equal(pl.col("confirmed_quantity"), origin)
    terms = pl.col("reasoning").str.replace(r'"changed_from":[^,}]*,?', "").str.strip_prefix("{")
    comma = pl.when(terms == "}").then(pl.lit("")).otherwise(pl.lit(","))
    with_origin = pl.concat_str(pl.lit('{"changed_from":'), origin, comma, terms)
    return (
        pl.when(is_changed)
        .then(with_origin)
        .when(pl.col("confirmed_quantity").is_not_null())
        .then(pl.concat_str(pl.lit("{"), terms))
        .otherwise("reasoning")
    )


def _changed_from() -> pl.Expr:
    return pl.col("reasoning").str.json_path_match("$.changed_from").cast(pl.Float64, strict=False)


def _with_opening(rows: pl.DataFrame, inputs: RecordInputs) -> pl.DataFrame:
    """Rows with ``opens_at``, when the kitchen opens on their schedule date."""
    is_main = pl.col("location_id") == col.MAIN_LOCATION
    kitchens = inputs["locations"].filter(is_main).select("tenant_id", kitchen="kitchen_id")
    days = (
        rows.select("tenant_id", "timezone", date="schedule_date")
        .unique()
        .join(kitchens, on="tenant_id", how="left")
        .with_columns(location_id=pl.col("kitchen").fill_null(col.MAIN_LOCATION))
    )
    hours = trading_hours(days, inputs["opening_hours"], inputs["calendar"], inputs["tenant_settings"])
    opening = hours.select("tenant_id", "opens_at", schedule_date="date")
    return rows.join(opening, on=["tenant_id", "schedule_date"], how="left")


def _delay(reported_start: str) -> pl.Expr:
    """How much later than planned a batch was begun; nothing where no event tells."""
    return (pl.col(reported_start) - pl.col("start_at")).fill_null(timedelta())


def _day(term: str) -> pl.Expr:
    return pl.col("reasoning").str.json_path_match(f"$.{term}").str.to_date("%Y-%m-%d", strict=False)


def carried_steps(carried: dy.DataFrame[CarriedBatches]) -> dy.DataFrame[CarriedSteps]:
    """Their steps, from the terms that were published with them; without those that failed or were cancelled.

    What was begun at another time than planned takes its machines for as long as planned from then on.
    """
    steps = (
        carried.filter(~pl.col("state").is_in(plans.MADE_NOTHING))
        .select(
            *BATCH,
            is_over=pl.col("state") == "completed",
            delay=_delay("really_starts_at"),
            steps=pl.col("reasoning").str.json_path_match("$.steps").str.json_decode(STEPS),
        )
        .drop_nulls("steps")
        .explode("steps")
        .drop_nulls("steps")
        .unnest("steps")
        .with_columns(
            pl.col("start_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC") + pl.col("delay")
        )
    )
    return conform(CarriedSteps, steps)


def used_numbers(
    published: dy.DataFrame[plans.PublishedBatches],
    events: dy.DataFrame[ops.BatchEvents],
    carried: dy.DataFrame[CarriedBatches],
) -> dy.DataFrame[UsedNumbers]:
    """The highest numbers that are taken, sorted: by plans of the batches' own days, given up or not, by events, and by
    what the plan keeps.

    Numbers of other previews are free again. An event of a number that no plan had given keeps its batch from becoming
    another one.
    """
    final = published.filter(pl.col("plan_date") == pl.col("schedule_date"))
    reported = events.rename({"plan_date": "schedule_date"})
    day, number = pl.col("schedule_date").dt.strftime("%Y%m%d"), pl.col("batch_number")
    taken = pl.concat([final.select(BATCH), carried.select(BATCH), reported.select(BATCH)]).filter(
        number.str.starts_with(day)
    )
    running = number.str.extract(r"^\d{8}-(\d{3,6})$").cast(pl.Int32)
    used = taken.group_by("tenant_id", "schedule_date").agg(used=running.max().fill_null(0))
    return conform(UsedNumbers, used.sort("tenant_id", "schedule_date"))
