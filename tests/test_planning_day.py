"""Isolation: a tenant that cannot be planned is set apart with its reason, whoever else is in the round."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import CELLS, CannotPlan, Cell, Frames, rounds
from bakery_assets.planning_day import MODELS, MORNING, Morning, Stage, facts_and_plans_read, run_stage

DAY = date(2026, 3, 3)


def cells(*tenants: str) -> pl.DataFrame:
    instant = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    return pl.DataFrame([(tenant, DAY, "Europe/Paris", instant) for tenant in tenants], schema=CELLS, orient="row")


def sales(**quantities: float) -> pl.DataFrame:
    return pl.DataFrame({"tenant_id": list(quantities), "quantity": list(quantities.values())})


def doubling(own: pl.DataFrame, frames: Frames) -> Frames:
    """Refuses any round that has a tenant with negative sales."""
    bad = frames["sales"].filter(pl.col("quantity") < 0)
    if bad.height:
        raise CannotPlan(f"{bad['tenant_id'][0]} sold less than nothing")
    return {"doubled": frames["sales"].select("tenant_id", doubled=pl.col("quantity") * 2)}


DOUBLING = Stage("doubled", reads=("sales",), writes=("doubled",), plan=doubling)


@given(
    quantities=st.dictionaries(
        st.from_regex("[a-z]{1,6}", fullmatch=True), st.sampled_from([1.0, 2.0, -1.0]), min_size=1, max_size=40
    )
)
@settings(max_examples=100, deadline=None)
def test_every_tenant_is_either_planned_as_if_alone_or_failed_with_its_own_reason(quantities: dict[str, float]) -> None:
    outcome = run_stage(DOUBLING, {"sales": sales(**quantities)}, cells(*sorted(quantities)))
    bad = {tenant for tenant, quantity in quantities.items() if quantity < 0}
    assert {cell.tenant_id for cell in outcome.failed} == bad
    assert all(why.reason.startswith(cell.tenant_id) for cell, why in outcome.failed.items())
    planned = dict(outcome.tables["doubled"].iter_rows()) if outcome.tables else {}
    assert planned == {tenant: quantity * 2 for tenant, quantity in quantities.items() if tenant not in bad}


@pytest.mark.parametrize(("poison", "word"), [(float("inf"), "infinite"), (float("nan"), "undefined")])
def test_a_figure_that_is_not_finite_fails_its_tenant_only(poison: float, word: str) -> None:
    outcome = run_stage(DOUBLING, {"sales": sales(a=1.0, b=poison, c=3.0)}, cells("a", "b", "c"))
    assert outcome.tables["doubled"]["tenant_id"].to_list() == ["a", "c"]
    assert word in outcome.failed[Cell("b", DAY)].reason
    assert "doubled.doubled" in outcome.failed[Cell("b", DAY)].reason


def test_what_belongs_to_all_tenants_reaches_every_half_whole() -> None:
    def shared(own: pl.DataFrame, frames: Frames) -> Frames:
        return {"doubled": doubling(own, frames)["doubled"].with_columns(trees=pl.lit(frames["boosters"].height))}

    stage = Stage("doubled", reads=("sales", "boosters"), writes=("doubled",), plan=shared)
    frames = {"sales": sales(a=1.0, b=-1.0, c=3.0), "boosters": pl.DataFrame({"booster_id": ["x", "y"]})}
    outcome = run_stage(stage, frames, cells("a", "b", "c"))
    assert outcome.tables["doubled"].rows() == [("a", 2.0, 2), ("c", 6.0, 2)]


def test_an_error_nobody_foresaw_is_told_by_its_kind_in_one_line() -> None:
    def broken(own: pl.DataFrame, frames: Frames) -> Frames:
        raise KeyError("no\nsuch column")

    outcome = run_stage(Stage("broken", (), ("broken",), broken), {}, cells("a"))
    reason = outcome.failed[Cell("a", DAY)].reason
    assert reason.startswith("KeyError")
    assert "\n" not in reason


def test_rows_of_tenants_outside_the_round_do_not_reach_a_stage() -> None:
    outcome = run_stage(DOUBLING, {"sales": sales(a=1.0, stranger=-1.0)}, cells("a"))
    assert not outcome.failed
    assert outcome.tables["doubled"]["tenant_id"].to_list() == ["a"]


def test_a_tenant_that_failed_early_is_in_no_later_table() -> None:
    def failing_b(own: pl.DataFrame, frames: Frames) -> Frames:
        if "b" in own["tenant_id"]:
            raise CannotPlan("b has no oven")
        return {"ovens": own.select("tenant_id", ovens=pl.lit(1.0))}

    ovens = Stage("ovens", reads=("doubled",), writes=("ovens",), plan=failing_b)
    morning = Morning(cells("a", "b", "c"), {"sales": sales(a=1.0, b=2.0, c=-3.0)}, (DOUBLING, ovens))
    for stage in (DOUBLING, ovens):
        morning = morning.after(stage)
    assert {cell.tenant_id: why.stage for cell, why in morning.failed.items()} == {"b": "ovens", "c": "doubled"}
    written = morning.written()
    assert {name: frame["tenant_id"].to_list() for name, frame in written.items()} == {"doubled": ["a"], "ovens": ["a"]}


def test_when_all_have_failed_the_later_stages_are_not_run() -> None:
    never = Stage("never", ("what nobody has",), (), doubling)
    morning = Morning(cells("a"), {"sales": sales(a=-1.0)}, (DOUBLING, never)).after(DOUBLING)
    assert morning.after(never) is morning


def test_a_round_goes_through_its_own_stages_only() -> None:
    never = Stage("never", ("what nobody has",), ("nothing",), doubling)
    morning = Morning(cells("a"), {"sales": sales(a=1.0)}, (DOUBLING,))
    assert morning.after(never) is morning
    assert list(morning.after(DOUBLING).written()) == morning.writes == ["doubled"]


def test_a_morning_needs_facts_and_only_forecasts_and_checks_of_the_past_from_plans() -> None:
    facts, plans = facts_and_plans_read(MORNING)
    assert plans == {"past_forecasts", "past_validations", *MODELS}
    assert "sales" in facts
    assert not facts & {table for stage in MORNING for table in stage.writes}


def test_one_stage_alone_reads_what_earlier_ones_wrote() -> None:
    production = next(stage for stage in MORNING if stage.name == "production_schedules")
    assert facts_and_plans_read([production])[1] == {"demand_forecasts"}


def test_rounds_hold_no_tenant_twice_and_earlier_dates_come_first() -> None:
    days = [date(2026, 3, number) for number in (3, 1, 2)]
    made = rounds([Cell(tenant, day) for day in days for tenant in ("b", "a")] + [Cell("a", days[0])])
    assert [[(cell.tenant_id, cell.plan_date.day) for cell in members] for members in made] == [
        [("a", 1), ("b", 1)],
        [("a", 2), ("b", 2)],
        [("a", 3), ("b", 3)],
    ]
