"""Whether a benchmark has reached its targets."""

from benchmarks.targets import as_line, at_least, at_most, below, between, between_unless_chance, missed


def test_a_limit_itself_is_enough_for_at_most_and_between_and_not_for_below() -> None:
    assert [at_most("x", value, 1.0)["reached"] for value in (0.9, 1.0, 1.01)] == [True, True, False]
    assert [below("x", value, 1.0)["reached"] for value in (0.9, 1.0, 1.01)] == [True, False, False]
    assert [at_least("x", value, 1.0)["reached"] for value in (0.99, 1.0, 1.1)] == [False, True, True]
    assert [between("x", value, -1.0, 1.0)["reached"] for value in (-1.1, -1.0, 1.0, 1.1)] == [False, True, True, False]


def test_a_figure_is_judged_before_it_is_rounded() -> None:
    target = below("x", 0.99999, 1.0)
    assert (target["value"], target["reached"]) == (1.0, True)
    assert as_line(target) == "reached  x: 1.0 (below 1.0)"
    assert as_line(between("x", 2.0, -1.0, 1.0)) == "MISSED   x: 2.0 (at least -1.0, at most 1.0)"


def test_a_figure_beyond_its_limits_is_excused_only_if_chance_may_have_put_it_there() -> None:
    def judged(value: float, interval: tuple[float, float] | None) -> bool:
        return bool(between_unless_chance("x", value, 0.77, 0.83, expected=0.8, interval=interval)["reached"])

    assert judged(0.78, (0.775, 0.785)), "within the limits"
    assert judged(0.76, (0.71, 0.81)), "80% is among what the days allow"
    assert not judged(0.76, (0.73, 0.79))
    assert not judged(0.76, None)
    target = between_unless_chance("x", 0.76, 0.77, 0.83, expected=0.8, interval=(0.71, 0.81))
    assert as_line(target) == "reached  x: 0.76 (at least 0.77, at most 0.83; by chance 0.710 to 0.810)"


def test_missed_targets_are_found_at_any_depth() -> None:
    bad, good = at_most("bad", 2.0, 1.0), at_most("good", 1.0, 1.0)
    figures = {"shop": {"models": [1, 2], "targets": [good, bad]}, "skipped": "no data", "targets": [bad]}
    assert list(missed(figures)) == [bad, bad]
    assert list(missed({"shop": {"targets": [good]}})) == []
