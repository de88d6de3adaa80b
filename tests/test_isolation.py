"""Halving a batch until the member that fails stands alone."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakery_assets.isolation import isolate


def run(names: list[int], poison: set[int]) -> tuple[list[tuple[str, list[int]]], int]:
    """What came of each part, and the number of attempts."""
    attempts = 0

    def attempt(members: pl.DataFrame) -> tuple[str, list[int]]:
        nonlocal attempts
        attempts += 1
        found = members["name"].to_list()
        if poison.intersection(found):
            raise ValueError(f"poison among {found}")
        return "planned", found

    def failed(member: pl.DataFrame, error: Exception) -> tuple[str, list[int]]:
        assert str(error) == f"poison among {member['name'].to_list()}"
        return "failed", member["name"].to_list()

    return isolate(pl.DataFrame({"name": names}, schema={"name": pl.Int64}), attempt, failed), attempts


@given(count=st.integers(0, 40), poison=st.sets(st.integers(0, 39), max_size=5))
def test_only_the_members_that_fail_are_lost_and_the_order_stays(count: int, poison: set[int]) -> None:
    names = list(range(count))
    parts, attempts = run(names, poison)
    assert [name for _, members in parts for name in members] == names
    assert [name for state, members in parts if state == "failed" for name in members] == sorted(
        poison.intersection(names)
    )
    bad = len(poison.intersection(names))
    assert attempts <= 1 + 2 * bad * max(count - 1, 0).bit_length()


def test_an_error_without_any_member_is_raised() -> None:
    def attempt(_: pl.DataFrame) -> None:
        raise ValueError("the server is gone")

    with pytest.raises(ValueError, match="gone"):
        isolate(pl.DataFrame({"name": []}), attempt, lambda _member, _error: None)
