"""Times on the machines: capacity, gaps, ties, and machines that are not there."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.production.batches import RankedBatches
from bakery_assets.production.carried_over import CarriedSteps
from bakery_assets.production.machines import Machine
from bakery_assets.production.timing import load_faults, schedule_batches
from tests.scenarios import filled

FOUR = datetime(2026, 1, 5, 4, tzinfo=UTC)


def nothing_kept() -> pl.DataFrame:
    """No batch holds a machine. Made when it is needed: see tests/test_architecture.py."""
    return CarriedSteps.create_empty()


def batches_of(
    *quantities: float, starts: datetime = FOUR, day: int = 5, hold_hours: float | None = None
) -> pl.DataFrame:
    """Batches of one lot of rolls; what may stand for only so long has to be ready at 07:00."""
    terms = ("forecast", "demand", "target", "net_requirement", "planned_quantity")
    lot = {
        "tenant_id": "bakery", "product_id": "roll", "schedule_date": date(2026, 1, day), "plan_date": FOUR.date(),
        "unit": "kg", "shelf_life_days": 1, "is_open": True, "basis": "newsvendor", "days_covered": 1,
        **dict.fromkeys(terms, sum(quantities)),
    }  # fmt: skip
    rows = [
        {**lot, "recipe_id": "roll", "quantity_planned": quantity, "batch": number, "batches": len(quantities),
         "priority": number, "work_starts_at": starts, "ready_by": FOUR + timedelta(hours=3),
         "hold_hours": hold_hours, "begins_on": starts.date(), "made_on": starts.date()}
        for number, quantity in enumerate(quantities, 1)
    ]  # fmt: skip
    return filled(RankedBatches, rows)


def recipe(*steps: tuple[str, float]) -> pl.DataFrame:
    rows = [("bakery", "roll", number, kind, kind, minutes) for number, (kind, minutes) in enumerate(steps, 1)]
    names = ["tenant_id", "recipe_id", "step_number", "name", "equipment_kind", "duration_minutes"]
    return pl.DataFrame(rows, schema=names, orient="row")


def machines(**capacity: float | None) -> pl.DataFrame:
    """Named kind_number."""
    rows = [("bakery", name, name.split("_")[0], holds) for name, holds in capacity.items()]
    schema = {"tenant_id": pl.String, "equipment_id": pl.String, "kind": pl.String, "capacity": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def minutes_of(timed: pl.DataFrame) -> list[tuple[float, float, str | None]]:
    """Start and end in minutes after four o'clock, and the machine."""
    return [
        ((start - FOUR) / timedelta(minutes=1), (end - FOUR) / timedelta(minutes=1), machine)
        for start, end, machine in timed.select("start_at", "end_at", "equipment_id").iter_rows()
    ]


def starts_of(steps: pl.DataFrame) -> list[float]:
    """Starts of steps in minutes after four o'clock."""
    return [(start - FOUR) / timedelta(minutes=1) for start in steps["start_at"]]


def test_what_waits_for_the_oven_is_mixed_later_and_does_not_wait_as_dough() -> None:
    """An hour of baking each: the second batch could be mixed at 10, and is mixed at 60, to rise and go into the oven at 75."""
    timed, steps = schedule_batches(
        batches_of(20, 20), recipe(("mixer", 10), ("proofer", 5), ("oven", 60)), machines(mixer_1=None, oven_1=20),
        nothing_kept(),
    )  # fmt: skip
    assert starts_of(steps) == [0, 10, 15, 60, 70, 75]
    assert minutes_of(timed) == [(0, 75, "oven_1"), (60, 135, "oven_1")]


def test_a_step_moves_only_to_where_its_machine_is_free() -> None:
    """The mixer is cleaned from 60 on, as a batch that is kept says: the second dough is mixed just before that."""
    kept = filled(CarriedSteps, [{"tenant_id": "bakery", "equipment_id": "mixer_1", "start_at": FOUR + timedelta(hours=1),
                                  "minutes": 30.0}])  # fmt: skip
    _, steps = schedule_batches(
        batches_of(20, 20), recipe(("mixer", 10), ("oven", 60)), machines(mixer_1=None, oven_1=20), kept
    )
    assert starts_of(steps) == [0, 10, 50, 70]


def test_a_batch_larger_than_the_oven_goes_in_twice() -> None:
    timed, steps = schedule_batches(batches_of(41), recipe(("oven", 25)), machines(oven_1=20), nothing_kept())
    assert steps["loads"].to_list() == [3]
    assert minutes_of(timed) == [(0, 75, "oven_1")]


def test_three_tenths_in_loads_of_a_tenth_are_three_loads() -> None:
    _, steps = schedule_batches(batches_of(0.1 * 3), recipe(("mixer", 5)), machines(mixer_1=0.1), nothing_kept())
    assert steps["loads"].to_list() == [3]


def test_equal_ovens_are_taken_by_name_and_then_as_they_come_free() -> None:
    timed, _ = schedule_batches(
        batches_of(20, 40, 20, 20), recipe(("oven", 25)), machines(oven_2=20, oven_1=20), nothing_kept()
    )
    assert minutes_of(timed) == [(0, 25, "oven_1"), (0, 50, "oven_2"), (25, 50, "oven_1"), (50, 75, "oven_1")]


def test_a_tiny_free_oven_does_not_take_what_the_big_one_bakes_sooner() -> None:
    timed, _ = schedule_batches(batches_of(40, 40), recipe(("oven", 30)), machines(oven_1=4, oven_2=40), nothing_kept())
    assert minutes_of(timed) == [(0, 30, "oven_2"), (30, 60, "oven_2")]


@pytest.mark.parametrize("ovens", [machines(), machines(oven_1=0)])
def test_without_a_machine_that_holds_anything_the_step_still_takes_its_time(ovens: pl.DataFrame) -> None:
    timed, steps = schedule_batches(batches_of(40, 40), recipe(("oven", 30)), ovens, nothing_kept())
    assert minutes_of(timed) == [(0, 30, None), (0, 30, None)]
    assert steps["equipment_id"].to_list() == [None, None]


def test_without_steps_there_are_no_times() -> None:
    timed, steps = schedule_batches(batches_of(40), recipe(), machines(oven_1=20), nothing_kept())
    assert timed.select("start_at", "end_at", "equipment_id").row(0) == (None, None, None)
    assert steps.height == 0


def test_an_oven_that_is_late_on_monday_is_not_free_on_tuesday() -> None:
    tuesday = batches_of(20, starts=FOUR + timedelta(minutes=60), day=6)
    timed, _ = schedule_batches(
        pl.concat([batches_of(80), tuesday]), recipe(("oven", 25)), machines(oven_1=20), nothing_kept()
    )
    assert minutes_of(timed) == [(0, 100, "oven_1"), (100, 125, "oven_1")]


def test_an_absurd_capacity_is_named() -> None:
    faults = load_faults(batches_of(40), recipe(("bench", 5), ("oven", 25)), machines(oven_1=1e-300, oven_2=1e-3))
    assert faults.select("source_table", "source_row", "left_out_id", "reason").row(0) == (
        "equipment", "kind oven", "roll",
        "a batch of 40 kg of product roll would take more than 10000 loads on every oven for step oven",
    )  # fmt: skip
    assert faults["what_to_do"][0] == "correct the capacity of its machines, or the batch's size"


def test_one_absurd_machine_among_others_is_not_used() -> None:
    batches, steps, ovens = batches_of(40), recipe(("oven", 25)), machines(oven_1=1e-300, oven_2=40)
    assert load_faults(batches, steps, ovens).is_empty()
    assert minutes_of(schedule_batches(batches, steps, ovens, nothing_kept())[0]) == [(0, 25, "oven_2")]


def assert_nothing_waits_that_could_be_begun_later(spans: pl.DataFrame) -> None:
    """Between a step that has to wait and the next of its batch its machine is never free for as long as it takes."""
    rows = spans.sort("row", "step_number").to_dicts()
    for step, following in pairwise(rows):
        if step["row"] != following["row"] or step["end_at"] == following["start_at"]:
            continue
        assert step["equipment_id"] is not None
        length = step["end_at"] - step["start_at"]
        busy = sorted(
            (other["start_at"], other["end_at"])
            for other in rows
            if other["equipment_id"] == step["equipment_id"] and other is not step and other["minutes"] > 0
        )
        free_from = step["end_at"]
        for start, end in [*busy, (following["start_at"], following["start_at"])]:
            if start >= free_from:
                assert min(start, following["start_at"]) - free_from < max(length, timedelta(seconds=1)), step
            free_from = max(free_from, end)


def test_a_step_that_takes_no_time_never_moves_before_the_step_that_it_follows() -> None:
    steps = recipe(("bench", 1), ("bench", 0), ("oven", 2), ("bench", 3))
    park = machines(oven_1=None, bench_1=None)
    _, taken = schedule_batches(batches_of(1.0, 1.0), steps, park, nothing_kept())
    second = taken.filter(row=1).sort("step_number")
    assert starts_of(second) == [2, 3, 4, 6]


@settings(max_examples=100, deadline=None)
@given(
    quantities=st.lists(st.integers(1, 90).map(float), min_size=1, max_size=12),
    steps=st.lists(st.tuples(st.sampled_from(["oven", "bench", "mixer"]), st.integers(0, 40)), min_size=1, max_size=5),
    capacities=st.lists(st.one_of(st.none(), st.integers(5, 60)), min_size=1, max_size=3),
)
def test_no_machine_does_two_things_at_once_and_steps_follow_each_other(
    quantities: list[float], steps: list[tuple[str, int]], capacities: list[int | None]
) -> None:
    park = {f"oven_{place}": holds for place, holds in enumerate(capacities)} | {"bench_1": None}
    timed, taken = schedule_batches(batches_of(*quantities), recipe(*steps), machines(**park), nothing_kept())
    assert taken.height == len(quantities) * len(steps)
    spans = taken.with_columns(end_at=pl.col("start_at") + pl.duration(seconds=(pl.col("minutes") * 60).round()))
    busy = spans.filter(pl.col("equipment_id").is_not_null() & (pl.col("minutes") > 0)).sort("equipment_id", "start_at")
    before = pl.col("end_at").shift(1).over("equipment_id")
    assert busy.filter(pl.col("start_at") < before).is_empty()
    previous = pl.col("end_at").shift(1).over("row")
    assert spans.sort("row", "step_number").filter(pl.col("start_at") < previous).is_empty()
    assert_nothing_waits_that_could_be_begun_later(spans)
    assert (
        timed["end_at"].to_list() == spans.group_by("row").agg(pl.col("end_at").max()).sort("row")["end_at"].to_list()
    )


@settings(max_examples=100, deadline=None)
@given(jobs=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15)), max_size=20))
def test_a_machine_takes_each_job_at_the_first_free_place(jobs: list[tuple[int, int]]) -> None:
    machine, taken = Machine("oven", None), set[int]()
    for ready, length in jobs:
        start = next(at for at in range(ready, 1_000) if not taken & set(range(at, at + length)))
        assert machine.free_from(ready, length) == start
        machine.occupy(start, length)
        taken |= set(range(start, start + length))
    assert sum(end - start for start, end in zip(machine.starts, machine.ends, strict=True)) == len(taken)


def test_what_may_stand_for_an_hour_only_comes_out_an_hour_before_it_has_to_be_ready() -> None:
    """Half an hour for each load of ten; two loads begin at 05:00 for 06:00, one at 05:30."""
    oven = machines(oven_1=10)
    timed, _ = schedule_batches(batches_of(20.0, hold_hours=1.0), recipe(("oven", 30)), oven, nothing_kept())
    assert timed["start_at"][0] == FOUR + timedelta(hours=1)
    timed, _ = schedule_batches(batches_of(10.0, hold_hours=1.0), recipe(("oven", 30)), oven, nothing_kept())
    assert timed["end_at"][0] == FOUR + timedelta(hours=2)
    timed, _ = schedule_batches(batches_of(10.0, hold_hours=24.0), recipe(("oven", 30)), oven, nothing_kept())
    assert timed["start_at"][0] == FOUR, "never before work begins"
