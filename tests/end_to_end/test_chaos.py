"""Three of the kills of `make chaos`; the fifty take an hour."""

from tests.end_to_end.chaos import run


def test_forty_bakeries_are_planned_whatever_is_killed_meanwhile() -> None:
    assert len(run(seed=3, kills=3, wave_size=20)) == 3
