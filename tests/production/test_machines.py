"""A machine's busy times against the plainest account of them: the set of moments that are taken."""

from hypothesis import given
from hypothesis import strategies as st

from bakery_assets.production.machines import Machine

LAST = 60
moment, length = st.integers(0, LAST), st.integers(0, 12)


def taken(machine: Machine) -> set[int]:
    return {each for start, end in zip(machine.starts, machine.ends, strict=True) for each in range(start, end)}


def is_free(busy: set[int], start: int, needed: int) -> bool:
    """Whether work of ``needed`` can start; work of no length needs a moment that is not taken, or the end of one."""
    return busy.isdisjoint(range(start, start + max(needed, 1)))


@given(st.lists(st.tuples(moment, length), max_size=12), moment, length)
def test_work_starts_at_the_first_free_time_and_ends_before_what_is_due(
    works: list[tuple[int, int]], at: int, needed: int
) -> None:
    machine, busy = Machine("oven", None), set[int]()
    begun = []
    for ready, duration in works:
        start = machine.free_from(ready, duration)
        assert start == next(each for each in range(ready, 1_000) if is_free(busy, each, duration))
        machine.occupy(start, duration)
        busy.update(range(start, start + duration))
        begun.append((start, duration))
        assert taken(machine) == busy
        assert all(end < next_start for end, next_start in zip(machine.ends, machine.starts[1:], strict=False))
    latest = machine.free_until(at, needed)
    if needed:
        assert latest == next(each for each in range(at - needed, -1_000, -1) if is_free(busy, each, needed))
    for start, duration in reversed(begun):
        machine.release(start, duration)
        busy.difference_update(range(start, start + duration))
        assert taken(machine) == busy
    assert machine.starts == machine.ends == []


@given(st.lists(st.tuples(moment, length), max_size=8))
def test_what_was_planned_before_may_overlap(blocked: list[tuple[int, int]]) -> None:
    machine, busy = Machine("oven", None), set[int]()
    for start, duration in blocked:
        machine.block(start, start + duration)
        busy.update(range(start, start + duration))
        assert taken(machine) == busy
        assert all(end < next_start for end, next_start in zip(machine.ends, machine.starts[1:], strict=False))
