"""The list of stages: what the planning day as a whole, or a stage alone, reads."""

from bakery_assets.planning_day import MODELS, PRIOR_CELL_INPUTS, RECORD, STAGES, facts_and_plans_read
from bakery_assets.schemas import plans


def test_the_planning_day_needs_facts_the_record_and_what_earlier_cells_left() -> None:
    facts, tables = facts_and_plans_read(STAGES)
    assert tables == {*PRIOR_CELL_INPUTS, *RECORD, *MODELS}
    assert "sales" in facts
    assert not facts & {table for stage in STAGES for table in stage.writes}


def test_one_stage_alone_reads_what_earlier_ones_wrote() -> None:
    production = next(stage for stage in STAGES if stage.name == "production_schedules")
    assert facts_and_plans_read([production])[1] == {
        "demand_forecasts",
        "plan_versions",
        "published_batches",
        "stock_balances",
        "stock_movements",
        "target_stock_levels",
    }


def test_every_table_that_a_stage_writes_is_listed_and_written_by_no_other() -> None:
    written = [schema for stage in STAGES for schema in stage.writes.values()]
    for schema in written:
        assert schema in plans.TABLES, f"list it in TABLES of bakery_assets/schemas/plans.py: {schema}"
    assert len(written) == len(set(written))
