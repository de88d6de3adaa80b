"""Stages: what their hints say, and that a tenant that cannot be planned fails alone, with its own reason."""

from datetime import UTC, date, datetime
from typing import TypedDict

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import CELLS, CannotPlan, Cell, Frames
from bakery_assets.planning_day import PlanningRound
from bakery_assets.schemas.plans import Boosters
from bakery_assets.stages import Stage, run_stage

DAY = date(2026, 3, 3)


def cells(*tenants: str) -> pl.DataFrame:
    instant = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    return pl.DataFrame([(tenant, DAY, "Europe/Paris", instant) for tenant in tenants], schema=CELLS, orient="row")


def sales(**quantities: float) -> pl.DataFrame:
    return pl.DataFrame({"tenant_id": list(quantities), "quantity": list(quantities.values())})


class Quantities(dy.Schema):
    tenant_id = dy.String(primary_key=True)
    quantity = dy.Float64()


class Doubled(dy.Schema):
    tenant_id = dy.String(primary_key=True)
    doubled = dy.Float64(min=-1e6, max=1e6)


class Shared(Doubled):
    boosters = dy.Int32()


class Ovens(dy.Schema):
    tenant_id = dy.String(primary_key=True)
    ovens = dy.Float64()


class Inputs(TypedDict):
    sales: dy.DataFrame[Quantities]


class Tables(TypedDict):
    doubled: dy.DataFrame[Doubled]


def doubling(own: pl.DataFrame, frames: Inputs, factor: int = 2) -> Tables:
    """Refuses any round that has a tenant with negative sales."""
    bad = frames["sales"].filter(pl.col("quantity") < 0)
    if bad.height:
        raise CannotPlan(f"{bad['tenant_id'][0]} sold less than nothing")
    return Tables(doubled=Doubled.cast(frames["sales"].select("tenant_id", doubled=pl.col("quantity") * factor)))


DOUBLING = Stage.of(doubling)


def test_a_stage_is_what_the_hints_of_its_function_say() -> None:
    assert DOUBLING.name == "doubled"
    assert DOUBLING.reads == {"sales": Quantities}
    assert DOUBLING.writes == {"doubled": Doubled}
    outcome = run_stage(Stage.of(doubling, factor=3), {"sales": sales(a=2.0)}, cells("a"))
    assert outcome.tables["doubled"].rows() == [("a", 6.0)]


def test_a_row_that_breaks_a_rule_of_its_table_fails_its_tenant_only() -> None:
    outcome = run_stage(DOUBLING, {"sales": sales(a=1.0, b=1e6, c=3.0)}, cells("a", "b", "c"))
    assert outcome.tables["doubled"]["tenant_id"].to_list() == ["a", "c"]
    assert outcome.failed[Cell("b", DAY)].reason.startswith("doubled.doubled is 2000000.0 and has to be")


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
        return {"doubled": doubling(own, frames)["doubled"].with_columns(boosters=pl.lit(frames["boosters"].height))}

    stage = Stage("doubled", {"sales": Quantities, "boosters": Boosters}, {"doubled": Shared}, shared)
    frames = {"sales": sales(a=1.0, b=-1.0, c=3.0), "boosters": pl.DataFrame({"booster_id": ["x", "y"]})}
    outcome = run_stage(stage, frames, cells("a", "b", "c"))
    assert outcome.tables["doubled"].rows() == [("a", 2.0, 2), ("c", 6.0, 2)]


def test_an_unexpected_error_is_reported_with_its_type_in_one_line() -> None:
    def broken(own: pl.DataFrame, frames: Frames) -> Frames:
        raise KeyError("no\nsuch column")

    outcome = run_stage(Stage("broken", {}, {"broken": Doubled}, broken), {}, cells("a"))
    reason = outcome.failed[Cell("a", DAY)].reason
    assert reason.startswith("KeyError")
    assert "\n" not in reason


def test_rows_of_tenants_outside_the_round_do_not_reach_a_stage() -> None:
    outcome = run_stage(DOUBLING, {"sales": sales(a=1.0, stranger=-1.0)}, cells("a"))
    assert not outcome.failed
    assert outcome.tables["doubled"]["tenant_id"].to_list() == ["a"]


def test_a_tenant_whose_facts_break_a_rule_fails_before_the_first_stage_and_the_others_go_on() -> None:
    class Sales(dy.Schema):
        tenant_id = dy.String(primary_key=True)
        quantity = dy.Float64(min=0.0, max=10.0)

    stage = Stage("doubled", reads={"sales": Sales}, writes={"doubled": Doubled}, plan=doubling)
    facts = {"sales": sales(a=1.0, b=-1.0, c=3.0)}
    planning_round = PlanningRound.start(cells("a", "b", "c"), facts, {}, (stage,))
    [(cell, why)] = planning_round.failed.items()
    assert (cell, why.stage) == (Cell("b", DAY), "facts")
    assert why.reason == "sales.quantity is -1.0 and has to be between 0 and 10"
    done = planning_round.run(stage)
    assert done.failed == planning_round.failed
    assert done.output_tables()["doubled"]["tenant_id"].to_list() == ["a", "c"]


def test_a_tenant_that_failed_early_is_in_no_later_table() -> None:
    def failing_b(own: pl.DataFrame, frames: Frames) -> Frames:
        if "b" in own["tenant_id"]:
            raise CannotPlan("b has no oven")
        return {"ovens": own.select("tenant_id", ovens=pl.lit(1.0))}

    ovens = Stage("ovens", reads={"doubled": Doubled}, writes={"ovens": Ovens}, plan=failing_b)
    planning_round = PlanningRound(cells("a", "b", "c"), {"sales": sales(a=1.0, b=2.0, c=-3.0)}, (DOUBLING, ovens))
    for stage in (DOUBLING, ovens):
        planning_round = planning_round.run(stage)
    assert {cell.tenant_id: why.stage for cell, why in planning_round.failed.items()} == {"b": "ovens", "c": "doubled"}
    tables = planning_round.output_tables()
    assert {name: frame["tenant_id"].to_list() for name, frame in tables.items()} == {"doubled": ["a"], "ovens": ["a"]}


def test_when_all_have_failed_the_later_stages_are_not_run() -> None:
    never = Stage("never", {"missing": Quantities}, {}, doubling)
    planning_round = PlanningRound(cells("a"), {"sales": sales(a=-1.0)}, (DOUBLING, never)).run(DOUBLING)
    assert planning_round.run(never) is planning_round


def test_a_round_goes_through_its_own_stages_only() -> None:
    never = Stage("never", {"missing": Quantities}, {"nothing": Doubled}, doubling)
    planning_round = PlanningRound(cells("a"), {"sales": sales(a=1.0)}, (DOUBLING,))
    assert planning_round.run(never) is planning_round
    assert list(planning_round.run(DOUBLING).output_tables()) == planning_round.writes == ["doubled"]
