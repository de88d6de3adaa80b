"""Times on the machines: each batch in order of priority is placed at the first time at which its steps fit.

Which batches there are and in which order they come is decided in ``batches``, when work may start in
``working_hours``.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import quantity
from bakery_assets.local_time import INSTANT
from bakery_assets.materials.recipe_faults import FoundFaults
from bakery_assets.production.batches import RankedBatches
from bakery_assets.production.carried_over import CarriedSteps
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

SECOND = 1_000_000  # in microseconds, the unit of every time in here
HOUR = 3_600 * SECOND
NOISE = 1e-9  # relative; 0.3 kg in loads of 0.1 kg are three loads
MAX_LOADS = 10_000  # of one step of one batch; more is a slip in a machine's capacity
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
class Machine:
    """A machine and when it is busy: intervals in order that do not touch; ``capacity`` None holds a whole batch."""

    equipment_id: str
    capacity: float | None
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def loads(self, quantity: float) -> int:
        """How often the machine is filled for ``quantity``."""
        if self.capacity is None:
            return 1
        return max(1, math.ceil(min(quantity / self.capacity, 2.0 * MAX_LOADS) * (1 - NOISE)))

    def free_from(self, ready: int, length: int) -> int:
        """The first moment from ``ready`` on at which the machine is free for ``length``."""
        start, place = ready, bisect_right(self.ends, ready)
        while place < len(self.starts) and self.starts[place] < start + max(length, 1):
            start = self.ends[place]
            place += 1
        return start

    def occupy(self, start: int, length: int) -> None:
        """Take the machine; the place must be free."""
        if length == 0:
            return
        end, place = start + length, bisect_left(self.starts, start)
        joins_next = place < len(self.starts) and self.starts[place] == end
        if place > 0 and self.ends[place - 1] == start:
            self.ends[place - 1] = self.ends.pop(place) if joins_next else end
            if joins_next:
                self.starts.pop(place)
        elif joins_next:
            self.starts[place] = start
        else:
            self.starts.insert(place, start)
            self.ends.insert(place, end)

    def block(self, start: int, end: int) -> None:
        """Take the machine for what was planned before; it may be taken already for a part of the time."""
        for busy_from, busy_to in list(zip(self.starts, self.ends, strict=True)):
            if busy_from <= end and busy_to >= start:
                start, end = min(start, busy_from), max(end, busy_to)
                place = self.starts.index(busy_from)
                del self.starts[place], self.ends[place]
        self.occupy(start, end - start)


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

    The scheme is sequential by nature, hence the loop over batches; tenants never meet, for each has its own machines.

    Args:
        batches: in the order of placing; the rows of one tenant's earlier days first. None that ``load_faults`` names.
        carried: steps of batches that the plan keeps; until they are over, their machines are busy at those times.
    """
    steps_of = _steps_by_recipe(steps)
    machines_of = _machines_by_kind(equipment)
    _block_machines(machines_of, carried)
    times: list[tuple[int, int, int, str | None]] = []
    taken: list[tuple[int, int, str, str, str | None, int, float, int]] = []
    held = pl.col("ready_by") - pl.duration(microseconds=(pl.col("hold_hours") * HOUR).round().cast(pl.Int64))
    wanted = batches.select(
        "tenant_id", "recipe_id", "quantity_planned", pl.col("work_starts_at").to_physical(),
        not_ready_before=held.to_physical(),
    )  # fmt: skip
    for row, (tenant, recipe, amount, day_start, not_before) in enumerate(wanted.iter_rows()):
        own_steps = steps_of.get((tenant, recipe), ())
        batch_start, ready, longest, main_machine = None, day_start, -1, None
        if not_before is not None:
            shortest = sum(_shortest(step, machines_of.get((tenant, step.kind), ()), amount) for step in own_steps)
            ready = max(day_start, not_before - shortest)
        for step in own_steps:
            start, length, loads, machine = _place(step, machines_of.get((tenant, step.kind), ()), amount, ready)
            if machine is not None:
                machine.occupy(start, length)
                if length > longest:
                    longest, main_machine = length, machine.equipment_id
            name = machine.equipment_id if machine else None
            taken.append((row, step.number, step.name, step.kind, name, loads, length / (60 * SECOND), start))
            batch_start = start if batch_start is None else batch_start
            ready = start + length
        if batch_start is not None:
            times.append((row, batch_start, ready, main_machine))
    placed = pl.DataFrame(times, schema=TIMES, orient="row").with_columns(pl.col("start_at", "end_at").cast(INSTANT))
    timed = batches.with_row_index("row").join(placed, on="row", how="left", maintain_order="left")
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


def _place(
    step: Step, machines: Sequence[Machine], quantity: float, ready: int
) -> tuple[int, int, int, Machine | None]:
    """Where a step goes: its start, length, loads and machine."""
    length = step.seconds * SECOND
    if not machines:
        return ready, length, 1, None
    options = []
    for machine in machines:
        loads = machine.loads(quantity)
        if loads > MAX_LOADS:
            continue
        options.append((machine.free_from(ready, loads * length), loads * length, loads, machine))
    return min(options, key=lambda option: option[0] + option[1])


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
