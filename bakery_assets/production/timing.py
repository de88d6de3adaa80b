"""Times on the machines: each batch in order of priority is placed at the first time at which its steps fit.

Which batches there are and in which order they come is decided in ``batches``, when work may start in
``working_hours``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import quantity
from bakery_assets.local_time import INSTANT
from bakery_assets.materials.recipe_faults import FoundFaults
from bakery_assets.production.batches import RankedBatches
from bakery_assets.production.carried_over import CarriedSteps
from bakery_assets.production.machines import MAX_LOADS, NOISE, Machine
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

SECOND = 1_000_000  # in microseconds, the unit of every time in here
HOUR = 3_600 * SECOND
MAX_ROWS = 2**31 - 1
MINUTE_DECIMALS = 2  # of minutes in explanations and sums of a day


class TimedBatches(RankedBatches):
    """Batches with their times, empty without steps; rows in the order in which they were placed."""

    row = col.integer("Position in the order of placing", maximum=MAX_ROWS)
    start_at = col.instant("Start of the first step", nullable=True)
    end_at = col.instant("End of the last step", nullable=True)
    equipment_id = col.text("Machine of the longest step, the first of equals; empty: on none", nullable=True)

    @dy.rule()
    def batches_end_after_they_start(cls) -> pl.Expr:
        """A batch starts when work may start or later, and does not end before that."""
        return (pl.col("work_starts_at") <= pl.col("start_at")) & (pl.col("start_at") <= pl.col("end_at"))


class ScheduledSteps(dy.Schema):
    """The steps of batches with their times and machines."""

    row = col.integer("Row of the batch", maximum=MAX_ROWS, primary_key=True)
    step_number = col.integer("Order of the steps", primary_key=True)
    name = col.text("What is done")
    equipment_kind = ops.ProductionSteps.equipment_kind
    equipment_id = col.text("Machine it is done on; empty: there is none of the kind", nullable=True)
    loads = col.integer("How often the machine is filled", minimum=1, maximum=MAX_LOADS)
    minutes = col.number("Minutes of all loads together")
    start_at = col.instant("Start of the step")

    @dy.rule()
    def steps_follow_each_other(cls) -> pl.Expr:
        """No step of a batch starts before the one before it ends."""
        end = pl.col("start_at") + pl.duration(microseconds=(pl.col("minutes") * 60 * SECOND).round().cast(pl.Int64))
        return pl.col("start_at") >= end.shift(1).over("row", order_by="step_number")


# Frames from lists, instants as microseconds.
TIMES = {"row": pl.UInt32, "start_at": pl.Int64, "end_at": pl.Int64, "equipment_id": pl.String}
STEPS = pl.Schema({**pl.Schema(ScheduledSteps), "start_at": pl.Int64()})


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a recipe; ``seconds`` for one load."""

    number: int
    name: str
    kind: str
    seconds: int


@dataclass(slots=True)
class PlacedStep:
    """A step of a batch with its machine and times, in microseconds; without a machine there is none of its kind."""

    step: Step
    machine: Machine | None
    loads: int
    length: int
    start: int

    @property
    def end(self) -> int:
        """When it ends."""
        return self.start + self.length


def schedule_batches(
    batches: dy.DataFrame[RankedBatches],
    steps: dy.DataFrame[ops.ProductionSteps],
    equipment: dy.DataFrame[ops.Equipment],
    carried: dy.DataFrame[CarriedSteps],
) -> tuple[dy.DataFrame[TimedBatches], dy.DataFrame[ScheduledSteps]]:
    """Give every batch its times and machines, by forward list scheduling (the serial scheme of Kolisch 1996).

    Batches are placed in the order of the rows. A step starts when the step before it has ended and a machine
    of its kind is free for as long as it takes, which may be a gap between earlier placed steps: it never moves them.
    It takes ``duration_minutes`` for each load, loads being the batch's quantity over the machine's capacity,
    rounded up. What may stand for only so long starts so late that, were it alone, it would come
    out in time. Of several machines the one that ends the step first is taken, which of equal machines is the one that
    is free first; ties go by ``equipment_id``. A kind without a machine takes its time on none; a machine
    of capacity 0 is none. A machine is busy across days: a batch that ends late delays those of the next day.

    When all are placed, steps that end before the next one of their batch starts are moved towards it
    (``_without_waiting``): what waits for the oven waits as flour, not as dough. No batch ends at another time by that.

    The scheme is sequential by nature, hence the loop over batches; tenants never meet, for each has its own machines.

    Args:
        batches: in the order of placing; the rows of one tenant's earlier days first. None that ``load_faults`` names.
        carried: steps of batches that the plan keeps; until they are over, their machines are busy at those times.
    """
    steps_of = _steps_by_recipe(steps)
    machines_of = _machines_by_kind(equipment)
    _block_machines(machines_of, carried)
    held = pl.col("ready_by") - pl.duration(microseconds=(pl.col("hold_hours") * HOUR).round().cast(pl.Int64))
    wanted = batches.select(
        "tenant_id", "recipe_id", "quantity_planned", pl.col("work_starts_at").to_physical(),
        not_ready_before=held.to_physical(),
    )  # fmt: skip
    placed: list[list[PlacedStep]] = []
    for tenant, recipe, amount, day_start, not_before in wanted.iter_rows():
        own_steps, ready = steps_of.get((tenant, recipe), ()), day_start
        if not_before is not None:
            shortest = sum(_shortest(step, machines_of.get((tenant, step.kind), ()), amount) for step in own_steps)
            ready = max(day_start, not_before - shortest)
        placed.append([])
        for step in own_steps:
            found = _place(step, machines_of.get((tenant, step.kind), ()), amount, ready)
            if found.machine is not None:
                found.machine.occupy(found.start, found.length)
            placed[-1].append(found)
            ready = found.end
    _without_waiting(placed)
    return _as_frames(batches, placed)


def _without_waiting(placed: list[list[PlacedStep]]) -> None:
    """Move each step to the last time before the next step of its batch at which its machine is free for it.

    The last step of a batch stays where it is. What is ready last moves first, as it leaves room to what is before it;
    what has moved may leave room to others, so it is done again until nothing moves.
    """
    last_first = sorted((steps for steps in placed if steps), key=lambda steps: steps[-1].end, reverse=True)
    moves = True
    while moves:
        moves = False
        for steps in last_first:
            for following, step in pairwise(reversed(steps)):
                if step.end < following.start:
                    moves |= _moved_towards(step, following.start)


def _moved_towards(step: PlacedStep, due: int) -> bool:
    """Let a step end as late as it can by ``due``; whether it has moved."""
    before = step.start
    if step.machine is None:
        step.start = due - step.length
    else:
        step.machine.release(step.start, step.length)
        # A step that takes no time holds no place of its own, so that its machine may seem free only before it.
        step.start = max(before, step.machine.free_until(due, step.length))
        step.machine.occupy(step.start, step.length)
    return step.start > before


def _as_frames(
    batches: dy.DataFrame[RankedBatches], placed: list[list[PlacedStep]]
) -> tuple[dy.DataFrame[TimedBatches], dy.DataFrame[ScheduledSteps]]:
    times: list[tuple[int, int, int, str | None]] = []
    taken: list[tuple[int, int, str, str, str | None, int, float, int]] = []
    for row, steps in enumerate(placed):
        on_machines = [each for each in steps if each.machine is not None]
        longest = max(on_machines, key=lambda each: each.length, default=None)
        if steps:
            main = longest.machine.equipment_id if longest is not None and longest.machine is not None else None
            times.append((row, steps[0].start, steps[-1].end, main))
        for each in steps:
            name = each.machine.equipment_id if each.machine else None
            minutes = each.length / (60 * SECOND)
            taken.append((row, each.step.number, each.step.name, each.step.kind, name, each.loads, minutes, each.start))
    spans = pl.DataFrame(times, schema=TIMES, orient="row").with_columns(pl.col("start_at", "end_at").cast(INSTANT))
    timed = batches.with_row_index("row").join(spans, on="row", how="left", maintain_order="left")
    scheduled = pl.DataFrame(taken, schema=STEPS, orient="row").with_columns(pl.col("start_at").cast(INSTANT))
    return conform(TimedBatches, timed), conform(ScheduledSteps, scheduled)


def _block_machines(machines_of: dict[tuple[str, str], list[Machine]], carried: dy.DataFrame[CarriedSteps]) -> None:
    by_id = {
        (tenant, machine.equipment_id): machine for (tenant, _), machines in machines_of.items() for machine in machines
    }
    occupied = carried.filter(~pl.col("is_over"))
    busy = occupied.select("tenant_id", "equipment_id", pl.col("start_at").to_physical(), "minutes")
    for tenant, equipment_id, start, minutes in busy.iter_rows():
        machine = by_id.get((tenant, equipment_id))
        if machine is not None and minutes > 0:
            machine.block(start, start + round(minutes * 60 * SECOND))


def _shortest(step: Step, machines: Sequence[Machine], quantity: float) -> int:
    """The time that a step takes on the machine that needs the fewest loads."""
    return step.seconds * SECOND * min((machine.loads(quantity) for machine in machines), default=1)


def load_faults(
    batches: dy.DataFrame[RankedBatches],
    steps: dy.DataFrame[ops.ProductionSteps],
    equipment: dy.DataFrame[ops.Equipment],
) -> dy.DataFrame[FoundFaults]:
    """Products with a step that no machine of its kind does in ``MAX_LOADS`` loads; the first step of each is named."""
    roomiest = (
        equipment.filter(pl.col("capacity").is_null() | (pl.col("capacity") > 0))
        .group_by("tenant_id", equipment_kind="kind")
        .agg(capacity=pl.when(pl.col("capacity").is_not_null().all()).then(pl.col("capacity").max()))
        .filter(pl.col("capacity").is_not_null())
    )
    largest = batches.group_by("tenant_id", "product_id", "recipe_id", "unit").agg(pl.col("quantity_planned").max())
    found = (
        largest.join(steps, on=["tenant_id", "recipe_id"])
        .join(roomiest, on=["tenant_id", "equipment_kind"])
        .filter((pl.col("quantity_planned") / pl.col("capacity") * (1 - NOISE)).ceil() > MAX_LOADS)
        .sort("tenant_id", "product_id", "step_number")
        .unique(["tenant_id", "product_id"], keep="first", maintain_order=True)
        .with_columns(
            source_table=pl.lit("equipment"),
            source_row=pl.format("kind {}", "equipment_kind"),
            left_out=pl.lit("product"),
            left_out_id="product_id",
            reason=pl.format(
                "a batch of {} of product {} would take more than {} loads on every {} for step {}",
                quantity("quantity_planned"), "product_id", pl.lit(MAX_LOADS), "equipment_kind", "name",
            ),
            what_to_do=pl.lit("correct the capacity of its machines, or the batch's size"),
        )
    )  # fmt: skip
    return conform(FoundFaults, found)


def _place(step: Step, machines: Sequence[Machine], quantity: float, ready: int) -> PlacedStep:
    """Where a step goes: its machine and its times."""
    length = step.seconds * SECOND
    if not machines:
        return PlacedStep(step, None, 1, length, ready)
    options = []
    for machine in machines:
        loads = machine.loads(quantity)
        if loads > MAX_LOADS:
            continue
        start = machine.free_from(ready, loads * length)
        options.append(PlacedStep(step, machine, loads, loads * length, start))
    return min(options, key=lambda option: option.end)


def _steps_by_recipe(steps: dy.DataFrame[ops.ProductionSteps]) -> dict[tuple[str, str], list[Step]]:
    rows = steps.sort("tenant_id", "recipe_id", "step_number").select(
        "tenant_id", "recipe_id", "step_number", "name", "equipment_kind", "duration_minutes"
    )
    found: dict[tuple[str, str], list[Step]] = {}
    for tenant, recipe, number, name, kind, minutes in rows.iter_rows():
        found.setdefault((tenant, recipe), []).append(Step(number, name, kind, round(minutes * 60)))
    return found


def _machines_by_kind(equipment: dy.DataFrame[ops.Equipment]) -> dict[tuple[str, str], list[Machine]]:
    rows = (
        equipment.filter(pl.col("capacity").is_null() | (pl.col("capacity") > 0))
        .sort("tenant_id", "equipment_id")
        .select("tenant_id", "kind", "equipment_id", "capacity")
    )
    found: dict[tuple[str, str], list[Machine]] = {}
    for tenant, kind, equipment_id, capacity in rows.iter_rows():
        found.setdefault((tenant, kind), []).append(Machine(equipment_id, capacity))
    return found
