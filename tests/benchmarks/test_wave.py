"""A small morning through Dagster against its floor; `make bench` measures large ones through the servers."""

import os
import time
from collections.abc import Iterator, Sequence

import dagster as dg
import pytest

from bakery_assets.assets.rounds import CpuSeconds
from bakery_assets.assets.waves import planning_wave, wave_config
from bakery_assets.cells import Cell
from benchmarks.wave_floor import plan_cells
from resources.clock import Clock
from resources.warehouse import Warehouse
from tests.bakeries import DAY, PLANNING_INSTANT, Rows, bakery, insert, together

TENANTS, PRODUCTS = 50, 12
MOST = 1.25
ATTEMPTS = 3


@pytest.fixture
def instance(warehouse: Warehouse) -> Iterator[dg.DagsterInstance]:
    """Dagster with its storage in PostgreSQL, which is what storing events costs something in."""
    storage = {"storage": {"postgres": {"postgres_url": warehouse.url}}}
    with dg.instance_for_test(overrides=storage) as made:
        yield made


def assortment(tenant: str) -> dict[str, Rows]:
    """A bakery with ``PRODUCTS`` products: what a wave adds to its floor is the same for small and large ones."""
    one = bakery(tenant)
    names = {"products": ("product_id",), "sales": ("product_id",), "recipes": ("recipe_id", "product_id"),
             "recipe_lines": ("recipe_id",)}  # fmt: skip
    more = {
        table: [
            {**row, **{name: f"bread{number}" for name in columns if row.get(name) == "baguette"}}
            for row in one[table]
            if row.get(columns[0]) == "baguette"
            for number in range(PRODUCTS - 1)
        ]
        for table, columns in names.items()
    }
    return together(one, more)


def cells(name: str, count: int) -> list[Cell]:
    return [Cell(f"{name}{number:03}", DAY) for number in range(count)]


def test_a_wave_takes_at_most_a_quarter_more_of_the_processor_than_its_reads_stages_and_writes(
    warehouse: Warehouse, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this process alone: the tests' PostgreSQL serves other tests, too.

    Other tests share the processor, and one measurement of theirs and ours has been a tenth off, either way; what the
    wave adds to its floor is in every measurement, so the least of a few is held to the limit.
    """
    monkeypatch.setitem(os.environ, "DAGSTER_EVENT_BATCH_SIZE", "500")
    monkeypatch.delenv("BAKERY_VALIDATE_FRAMES", raising=False)
    floor, wave = cells("floor", TENANTS), cells("wave", TENANTS)
    warm_up = {"floor": cells("first", 1), "wave": cells("second", 1)}
    every = [*floor, *wave, *warm_up["floor"], *warm_up["wave"]]
    insert(warehouse, **together(*(assortment(cell.tenant_id) for cell in every)))

    def through_dagster(members: Sequence[Cell]) -> float:
        began = time.process_time()
        planning_wave.execute_in_process(
            instance=instance,
            run_config=wave_config(members),
            resources={"warehouse": warehouse, "clock": Clock(lambda: PLANNING_INSTANT)},
        )
        return time.process_time() - began

    def ratio() -> float:
        least = CpuSeconds()
        plan_cells(warehouse, floor, TENANTS, least)
        return through_dagster(wave) / sum(least.by_phase.values())

    plan_cells(warehouse, warm_up["floor"], 1, CpuSeconds())
    through_dagster(warm_up["wave"])
    tried: list[float] = []
    while min(tried, default=MOST) >= MOST and len(tried) < ATTEMPTS:
        tried.append(ratio())
    assert min(tried) < MOST, f"the wave takes {tried} times its floor"
