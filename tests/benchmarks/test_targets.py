"""Whether a benchmark has reached its targets."""

from benchmarks.targets import as_line, at_most, below, between, missed


def test_a_limit_itself_is_enough_for_at_most_and_between_and_not_for_below() -> None:
    assert [at_most("x", value, 1.0)["reached"] for value in (0.9, 1.0, 1.01)] == [True, True, False]
    assert [below("x", value, 1.0)["reached"] for value in (0.9, 1.0, 1.01)] == [True, False, False]
    assert [between("x", value, -1.0, 1.0)["reached"] for value in (-1.1, -1.0, 1.0, 1.1)] == [False, True, True, False]


def test_a_figure_is_judged_before_it_is_rounded() -> None:
    target = below("x", 0.99999, 1.0)
    assert (target["value"], target["reached"]) == (1.0, True)
    assert as_line(target) == "reached  x: 1.0 (below 1.0)"
    assert as_line(between("x", 2.0, -1.0, 1.0)) == "MISSED   x: 2.0 (at least -1.0, at most 1.0)"


def test_missed_targets_are_found_at_any_depth() -> None:
    bad, good = at_most("bad", 2.0, 1.0), at_most("good", 1.0, 1.0)
    figures = {"shop": {"models": [1, 2], "targets": [good, bad]}, "skipped": "no data", "targets": [bad]}
    assert list(missed(figures)) == [bad, bad]
    assert list(missed({"shop": {"targets": [good]}})) == []
