"""Living days in the demo: people act in a simulated world, what they write down is loaded, the next day is planned.

The world is in ``bakery_assets.demo.world``; each day is planned at its planning instant by the stages of the planning
day and published five minutes later, on the world's clock.
"""

import csv
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import Console
from rich.table import Table

from bakery_assets.cells import Cell

if TYPE_CHECKING:
    from bakery_assets.demo.catalogue import Bakery
    from bakery_assets.demo.world.comparison import Difference, Verdict
    from bakery_assets.demo.world.life import Look, World
    from bakery_assets.demo.world.work import Plan
    from resources.warehouse import Warehouse

PUBLISHED_AFTER = timedelta(minutes=5)
RUN = "demo"
Tables = Mapping[str, pl.DataFrame]


@dataclass
class Spent:
    """Seconds that went into each kind of work."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count what is done within as one kind of work."""
        began = time.monotonic()
        yield
        self.seconds[what] += time.monotonic() - began


@dataclass
class Life:
    """One bakery's days: its world, and what was found out about its book."""

    bakery: "Bakery"
    world: "World"
    instants: Mapping[date, datetime]
    found: list["Difference"] = field(default_factory=list)
    alerts: dict[date, set[tuple[str, str]]] = field(default_factory=dict)
    look: "Look | None" = None

    @property
    def tenant_id(self) -> str:
        """The bakery."""
        return self.bakery.tenant.tenant_id


def begin_lives(
    warehouse: "Warehouse", bakeries: Collection["Bakery"], first_day: Mapping[str, date], days: int, seed: int
) -> list[Life]:
    """Load the bakeries as they are on the evening before their first day, and make worlds that are so.

    Their calendars are loaded as far as plans of the days to come look ahead; what else is known of them is deleted.
    """
    from bakery_assets.cells import cells_frame
    from bakery_assets.demo.days import calendar_rows, is_open
    from bakery_assets.demo.folder import demo_rows
    from bakery_assets.demo.world.life import World
    from bakery_assets.planning_instants import planning_instants
    from resources.warehouse.planning_facts import planning_facts
    from resources.warehouse.tenants import forget

    forget(warehouse, list(first_day))
    tables, worlds = [], []
    for bakery in bakeries:
        begins = first_day[bakery.tenant.tenant_id]
        ends = begins + timedelta(days=days)
        rows = demo_rows(bakery, begins, seed)
        known = {(row["date"], row["kind"]) for row in rows["calendar"]}
        later = [row for row in calendar_rows(bakery, ends) if (row["date"], row["kind"]) not in known]
        tables.append({**rows, "calendar": rows["calendar"] + later})
        world = World(bakery, begins, ends, seed)
        world.begin_with(rows["stock_lots"], rows["purchase_orders"], rows["customer_orders"])
        worlds.append(world)
    _load(warehouse, tables, max(world.now for world in worlds))
    facts = planning_facts(warehouse, min(first_day.values()), max(world.last_day for world in worlds))
    lives = []
    for world in worlds:
        dates = (world.first_day + timedelta(days=offset) for offset in range(days + 1))
        cells = [Cell(world.bakery.tenant.tenant_id, day) for day in dates if is_open(world.bakery, day)]
        instants = planning_instants(cells_frame(cells), facts).select("plan_date", "planned_as_of")
        lives.append(Life(world.bakery, world, dict(instants.iter_rows())))
    return lives


def live(
    warehouse: "Warehouse", lives: Sequence[Life], progress: Callable[[date, int, int], None], spent: Spent
) -> list["Verdict"]:
    """Let the bakeries live, date by date, up to the planning instant of their last one.

    Args:
        progress: called before each date with it, its number and how many there are.
    """
    from bakery_assets.demo.world.comparison import verdict

    dates = sorted({day for life in lives for day in life.instants})
    for number, day in enumerate(dates):
        progress(day, number, len(dates))
        members = [life for life in lives if day in life.instants]
        with spent.on("the world"):
            tables = []
            for life in members:
                life.world.live_until(life.instants[day])
                life.look = life.world.look()
                tables.append(life.world.records.known_by(life.instants[day]))
        with spent.on("loading facts"):
            _load(warehouse, tables, max(life.instants[day] for life in members))
        planned = _plan_day(warehouse, [Cell(life.tenant_id, day) for life in members], spent)
        with spent.on("the world"):
            for life in members:
                own = {name: frame.filter(pl.col("tenant_id") == life.tenant_id) for name, frame in planned.items()}
                _compare(life, day, own)
                life.world.read_plan(_plan_of(own, day, life.instants[day]))
    return [
        verdict(life.tenant_id, len(life.instants), life.world.kitchen.batches_made, life.found, life.world.troubles,
                life.alerts)
        for life in lives
    ]  # fmt: skip


def report(verdicts: Sequence["Verdict"], console: Console) -> None:
    """Print what became of each bakery, and every promise that does not hold."""
    books = _table("Bakery", "days", "most missing in the house", "the book's own error")
    batches = _table("Bakery", "batches", "restarted", "not ready", "reported", "short", "reported")
    for each in verdicts:
        counts = []
        for what in ("not_ready", "short_of_ingredients"):
            silent = sum(trouble.what == what for trouble in each.unannounced)
            counts += [str(each.count(what)), str(each.count(what) - silent)]
        books.add_row(
            each.tenant_id, str(each.days), _widest(each.widest, error=False), _widest(each.worst, error=True)
        )
        batches.add_row(each.tenant_id, str(each.batches), str(each.count("restarted")), *counts)
    console.print("What the book has and the house has not, in days' loss, at its worst:")
    console.print(books)
    console.print("\nBatches not ready at opening, or short of ingredients, and how many a plan had reported:")
    console.print(batches)
    for each in verdicts:
        for line in each.broken:
            console.print(line, style="red", markup=False, soft_wrap=True)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _widest(difference: "Difference | None", *, error: bool) -> str:
    if difference is None:
        return "–"
    days = difference.error_days if error else difference.days_of_loss
    return f"{days:.2f} ({difference.item.item_id}, {difference.plan_date:%d %b})"


def _load(warehouse: "Warehouse", tables: Collection[Mapping[str, list[dict[str, object]]]], now: datetime) -> None:
    """Load rows of several bakeries together, as one folder.

    Raises:
        RuntimeError: some of them are refused; the world writes nothing that a bakery could not have written.
    """
    from resources.warehouse.intake import load_folder

    together: dict[str, list[dict[str, object]]] = {}
    for each in tables:
        for name, rows in each.items():
            together.setdefault(name, []).extend(rows)
    if not together:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in together.items():
            with (Path(folder) / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        loaded = load_folder(warehouse, Path(folder), now=now)
    if loaded.quarantined or loaded.refused:
        raise RuntimeError(f"{loaded.quarantined} rows of the demo's world were refused; see: bakery db psql")


def _plan_day(warehouse: "Warehouse", cells: Sequence[Cell], spent: Spent) -> dict[str, pl.DataFrame]:
    """Plan one date of several bakeries as a wave does; each is published shortly after its own planning instant.

    Raises:
        RuntimeError: one of them cannot be planned.
    """
    from bakery_assets.planning_day import STAGES, TRAINED_DAYS, PlanningRound, facts_and_plans_read
    from bakery_assets.settings import settings
    from resources.warehouse import read_plans, read_snapshot, replace_plans
    from resources.warehouse.planning_runs import begin, release_claims

    reads, plans = facts_and_plans_read(STAGES)
    with spent.on("reading for plans"):
        snapshot = read_snapshot(warehouse, cells, reads, settings().history_days, trained_days=TRAINED_DAYS)
        known, facts = snapshot.of(cells)
        for one in known.iter_rows(named=True):
            begin(warehouse, [Cell(one["tenant_id"], one["plan_date"])], one["planned_as_of"], RUN)
        planning_round = PlanningRound.start(known, facts, read_plans(warehouse, known, plans))
    try:
        with spent.on("planning"):
            for stage in STAGES:
                planning_round = planning_round.run(stage)
    except BaseException:  # an interruption, too
        release_claims(warehouse, RUN)
        raise
    if planning_round.failed:
        cell, why = min(planning_round.failed.items())
        raise RuntimeError(f"{cell.tenant_id} {cell.plan_date} cannot be planned, {why.stage}: {why.reason}")
    tables = planning_round.output_tables()
    with spent.on("publishing"):
        for own_cell in known.partition_by("tenant_id"):
            tenant_id, planned_as_of = own_cell.select("tenant_id", "planned_as_of").row(0)
            own = {name: frame.filter(pl.col("tenant_id") == tenant_id) for name, frame in tables.items()}
            finished_at = planned_as_of + PUBLISHED_AFTER
            replace_plans(
                warehouse, own_cell, own, {}, written=planning_round.writes, finished_at=finished_at, run_id=RUN
            )
    return tables


def _compare(life: Life, day: date, plan: Tables) -> None:
    """Note how far the plan's book is from what was really there, and what its alerts are about."""
    from bakery_assets.demo.world.comparison import book_of, differences

    assert life.look is not None
    moved = plan["stock_movements"].filter(pl.col("happened_at") <= life.look.at)
    life.found += differences(day, book_of(plan["stock_closing_balances"], moved), life.look)
    reported = life.alerts.setdefault(day, set())
    for kind, cause, reasoning in plan["findings"].select("kind", "cause", "reasoning").iter_rows():
        if kind == "not_ready":
            names = (
                pl.Series([reasoning])
                .str.json_path_match("$.products")
                .str.json_decode(pl.List(pl.Struct({"product_id": pl.String})))[0]
            )
            reported.update(("not_ready", each["product_id"]) for each in names)
        elif cause.startswith("ingredient_shortage:"):
            reported.add(("shortage", cause.removeprefix("ingredient_shortage:")))


def _plan_of(plan: Tables, day: date, planned_as_of: datetime) -> "Plan":
    """What people read of a plan."""
    from bakery_assets.demo.world.work import Plan, PlannedBatch, ProposedOrder
    from bakery_assets.schemas import plans

    batches = plan["production_batches"].filter(pl.col("state").is_in(plans.MADE_NOTHING).not_())
    orders = plan["procurement_requirements"].filter(
        (pl.col("planned_order_quantity") > 0) & pl.col("supplier_id").is_not_null()
    )
    rows: list[tuple[Any, ...]] = batches.select(
        "batch_number", "schedule_date", "product_id", "quantity_planned", "start_at", "end_at"
    ).rows()
    proposed: list[tuple[Any, ...]] = orders.select(
        "ingredient_id", "supplier_id", "planned_order_quantity", "order_by", "deliver_on"
    ).rows()
    return Plan(
        day, planned_as_of, planned_as_of + PUBLISHED_AFTER, tuple(PlannedBatch(*row) for row in rows),
        tuple(ProposedOrder(*row) for row in proposed),
    )  # fmt: skip
