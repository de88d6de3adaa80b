"""Batch states in SQL: as of any instant the same as the domain says, over random records and events."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import text

from bakery_assets.batches.histories import CONTRADICTIONS, REASONS, batch_histories, judged_events
from bakery_assets.batches.of_record import BATCH, batches_of_record, begins_by_record
from bakery_assets.kitchens import serving_kitchens
from bakery_assets.opening_hours import trading_hours
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas.ops import BATCH_EVENTS
from resources.schema import metadata
from resources.warehouse import Warehouse
from resources.warehouse.connection import frame_schema, insert_from, selected
from tests.bakeries import insert, rows

MONDAY = date(2026, 1, 5)
TENANTS = tuple(f"b{number}" for number in range(12))
DAYS = (MONDAY, MONDAY + timedelta(days=1))
ZONES = ("UTC", "America/New_York", "Asia/Tokyo")
Row = dict[str, Any]


def hour(number: int) -> datetime:
    """An hour counted from the evening before Monday; few of them, so that many things happen at once."""
    return datetime(2026, 1, 4, 18, tzinfo=UTC) + timedelta(hours=number)


def a_bakery(chance: Random, tenant: str) -> dict[str, list[Row]]:
    """Versions of three days' plans, their batches, and events of these and other batches."""
    versions, batches, events = [], [], []
    for day in (MONDAY - timedelta(days=1), *DAYS):
        published = hour(chance.randrange(30))
        for version in range(1, 1 + chance.randrange(3)):
            versions.append(
                {"tenant_id": tenant, "plan_date": day, "version": version, "planned_as_of": published,
                 "cause": "planning_time", "requested_at": published,
                 "published_at": published if chance.random() < 0.9 else None}
            )  # fmt: skip
            for schedule_date in (each for each in DAYS if each >= day and chance.random() < 0.8):
                for number in range(1, 3):
                    if chance.random() < 0.6:
                        start = hour(chance.randrange(40))
                        timed = chance.random() < 0.7
                        batches.append(
                            {"tenant_id": tenant, "plan_date": day, "version": version,
                             "schedule_date": schedule_date, "batch_number": f"{schedule_date:%Y%m%d}-{number:03}",
                             "product_id": chance.choice(("bread", "bread", "cake")), "quantity_planned": 10.0 * number,
                             "begins_at": start - timedelta(hours=1) if timed and chance.random() < 0.3 else None,
                             "start_at": start if timed else None,
                             "end_at": start + timedelta(hours=2) if timed else None, "priority": 1, "reasoning": "{}",
                             "planned_since": published}
                        )  # fmt: skip
            published += timedelta(hours=chance.randrange(1, 9))
    for _ in range(chance.randrange(9)):
        day, happened = chance.choice(DAYS), hour(chance.randrange(45))
        events.append(
            {"tenant_id": tenant, "plan_date": day, "batch_number": f"{day:%Y%m%d}-{chance.randrange(1, 4):03}",
             "event": chance.choice(BATCH_EVENTS), "happened_at": happened,
             "quantity": chance.choice((None, 7.0)), "wasted_quantity": chance.choice((None, 1.0)),
             "product_id": chance.choice((None, None, "bread", "cake")), "who": None, "reason": None,
             "recorded_at": happened + timedelta(hours=chance.choice((0, 0, 0, 1, 5)))}
        )  # fmt: skip
    key = ("tenant_id", "plan_date", "batch_number", "event", "recorded_at")
    return {
        "plan_versions": versions,
        "published_batches": batches,
        "batch_events": list({tuple(row[name] for name in key): row for row in events}.values()),
    }


def frame(name: str, given: list[Row], schema: Any) -> pl.DataFrame:
    table = metadata.tables[name]
    types = frame_schema(table)
    return conform(schema, pl.DataFrame([{c: row.get(c) for c in types} for row in given], schema=types, orient="row"))


def store(warehouse: Warehouse, facts: dict[str, list[Row]]) -> None:
    with warehouse.bulk() as bulk:
        bulk.run("DELETE FROM ops.batch_events")
        bulk.run("DELETE FROM plans.plan_versions")
        for name, given in (
            ("plans.plan_versions", facts["plan_versions"]),
            ("plans.published_batches", facts["published_batches"]),
            ("ops.batch_events", facts["batch_events"]),
        ):
            if given:
                table = metadata.tables[name]
                types = frame_schema(table)
                bulk.put(f"g_{table.name}", pl.DataFrame([{c: r.get(c) for c in types} for r in given], schema=types))
                bulk.run(insert_from(f"g_{table.name}", table, list(types)))


@pytest.fixture
def bakeries(warehouse: Warehouse) -> Warehouse:
    insert(
        warehouse,
        tenants=[
            {"tenant_id": each, "name": each, "timezone": ZONES[number % 3], "country": "XX"}
            for number, each in enumerate(TENANTS)
        ],
        locations=[
            {"tenant_id": each, "location_id": place, "kitchen_id": kitchen}
            for each in TENANTS
            for place, kitchen in (("mill", None), ("main", "mill" if each in ("b3", "b4") else None))
        ],
        opening_hours=[
            {"tenant_id": each, "location_id": place, "weekday": 1, "opens": time(opens), "closes": time(18)}
            for each in ("b2", "b3", "b5")
            for place, opens in (("main", 6), ("mill", 3))
        ],
        tenant_settings=[
            {"tenant_id": each, "key": "opens", "value": value, "valid_from": since}
            for each in ("b1", "b5", "b6")
            for value, since in (("05:30", date(2000, 1, 1)), ("09:00", DAYS[1]), ("11:00", date(2030, 1, 1)))
        ],
        calendar=[
            {"tenant_id": "b6", "date": MONDAY, "kind": "event", "opens": time(4), "closes": time(20)},
            {"tenant_id": "b5", "date": DAYS[1], "kind": "event", "opens": time(10), "closes": time(20)},
        ],
        products=[
            {"tenant_id": each, "product_id": item, "name": item} for each in TENANTS for item in ("bread", "cake")
        ],
    )
    return warehouse


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 50))
def test_every_state_as_of_any_instant_is_what_the_domain_says(bakeries: Warehouse, chance: Random, at: int) -> None:
    facts: dict[str, list[Row]] = {"plan_versions": [], "published_batches": [], "batch_events": []}
    for tenant in TENANTS:
        for name, own in a_bakery(chance, tenant).items():
            facts[name] += own
    store(bakeries, facts)
    now = hour(at)
    cells = conform(
        Cells,
        pl.DataFrame([(tenant, MONDAY, "UTC", now) for tenant in TENANTS], schema=pl.Schema(Cells), orient="row"),
    )
    recorded = batches_of_record(
        cells,
        frame("plans.plan_versions", facts["plan_versions"], plans.PlanVersions),
        frame("plans.published_batches", facts["published_batches"], plans.PublishedBatches),
    )
    events = frame("ops.batch_events", facts["batch_events"], ops.BatchEvents).filter(pl.col("recorded_at") <= now)
    latest = events.sort("recorded_at").unique([*BATCH[:1], "plan_date", "batch_number", "event"], keep="last")
    judged = judged_events(cells, conform(ops.BatchEvents, latest), recorded)
    with bakeries.bulk() as bulk:
        at_now = f"(TIMESTAMPTZ '{now.isoformat()}')"
        of_record = bulk.read(f"SELECT * FROM plans.batches_of_record_as_of{at_now}")
        reported = bulk.read(f"SELECT * FROM plans.judged_batch_events_as_of{at_now}")
        states = bulk.read(f"SELECT * FROM plans.batch_states_as_of{at_now}")
    same(recorded.select(*BATCH, "published_for", "is_of_record", "product_id"), of_record, BATCH)
    same(
        judged.rename({"plan_date": "schedule_date"}).select(
            *BATCH, "event", "recorded_at", "is_corrected", "contradiction"
        ),
        reported,
        [*BATCH, "event"],
    )
    same(states_of(recorded, batch_histories(judged), openings(bakeries), now), states, BATCH)


def openings(warehouse: Warehouse) -> pl.DataFrame:
    """When the kitchen that bakes for main opens on each day, by the domain."""
    with warehouse.bulk() as bulk:

        def read(name: str, schema: Any) -> Any:
            table = metadata.tables[f"ops.{name}"]
            return conform(schema, bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t"))

        kitchens = serving_kitchens(read("locations", ops.Locations)).filter(pl.col("location_id") == "main")
        days = (
            kitchens.select("tenant_id", location_id="kitchen_id")
            .join(read("tenants", ops.Tenants).select("tenant_id", "timezone"), on="tenant_id")
            .join(pl.DataFrame({"date": DAYS}), how="cross")
        )
        facts = (
            ("opening_hours", ops.OpeningHours),
            ("calendar", ops.Calendar),
            ("tenant_settings", ops.TenantSettings),
        )
        hours = trading_hours(days, *(read(*each) for each in facts))
    return hours.select("tenant_id", "opens_at", schedule_date="date")


def states_of(recorded: pl.DataFrame, histories: pl.DataFrame, opened: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """What events say, else what the record lets assume; of batches that were given up only what events say."""
    both = recorded.join(histories.rename({"product_id": "reported"}), on=BATCH, how="full", coalesce=True)
    both = both.join(opened, on=BATCH[:2], how="left")
    begins, ends = pl.coalesce(begins_by_record(), "opens_at"), pl.coalesce("end_at", "opens_at")
    begun = (pl.col("is_of_record") & (begins <= now) & (pl.col("planned_since") <= begins)).fill_null(value=False)
    assumed = pl.when(begun & (ends <= now)).then(pl.lit("completed")).when(begun).then(pl.lit("in_progress"))
    ended = pl.when(pl.col("ending").is_in(["finished", "failed"])).then("ended_at")
    return both.filter(pl.col("is_of_record") | pl.col("state").is_not_null()).select(
        *BATCH,
        product_id=pl.coalesce("product_id", "reported"),
        is_of_record=pl.col("is_of_record").fill_null(value=False),
        state=pl.coalesce("state", assumed, pl.lit("planned")),
        is_assumed=begun & pl.col("state").is_null(),
        started_at=pl.coalesce("started_at", "checked_at", ended),
        ended_at="ended_at",
        quantity_made="quantity",
        wasted_quantity="wasted_quantity",
    )


def same(expected: pl.DataFrame, found: pl.DataFrame, key: list[str]) -> None:
    assert_frame_equal(
        expected.sort(key), found.select(expected.columns).cast(dict(expected.schema)).sort(key), check_exact=True
    )


def test_a_batch_without_times_and_events_is_taken_as_made_when_its_kitchen_opens(bakeries: Warehouse) -> None:
    published = hour(-2)
    version = {"tenant_id": "b0", "plan_date": MONDAY, "version": 1, "planned_as_of": published,
               "cause": "planning_time", "requested_at": published, "published_at": published}  # fmt: skip
    batch = {"tenant_id": "b0", "plan_date": MONDAY, "version": 1, "schedule_date": MONDAY,
             "batch_number": "20260105-001", "product_id": "bread", "quantity_planned": 10.0, "priority": 1,
             "reasoning": "{}", "planned_since": published}  # fmt: skip
    store(bakeries, {"plan_versions": [version], "published_batches": [batch], "batch_events": []})
    seven = hour(13)
    for at, expected in ((seven - timedelta(minutes=1), ("planned", False)), (seven, ("completed", True))):
        query = f"SELECT state, is_assumed FROM plans.batch_states_as_of('{at.isoformat()}')"
        assert rows(bakeries, query) == [expected]
    assert rows(bakeries, "SELECT state, is_assumed FROM plans.batch_states") == [("completed", True)]


def test_every_contradiction_has_its_reason_in_the_view(bakeries: Warehouse) -> None:
    definition = rows(bakeries, "SELECT pg_get_viewdef('plans.batch_event_contradictions'::regclass)")[0][0]
    for code in CONTRADICTIONS:
        assert f"'{code}'" in definition
        assert REASONS[code].replace("'", "''") in definition


def test_a_role_sees_the_states_of_its_own_bakery_only(bakeries: Warehouse) -> None:
    now = hour(20)
    store(
        bakeries,
        {
            "plan_versions": [],
            "published_batches": [],
            "batch_events": [
                {"tenant_id": tenant, "plan_date": MONDAY, "batch_number": "20260105-001", "event": "started",
                 "happened_at": now, "recorded_at": now, "product_id": product}
                for tenant, product in (("b0", "bread"), ("b1", "bread"), ("b2", None))
            ],
        },
    )  # fmt: skip
    with bakeries.engine.begin() as connection:
        role = f"own_{bakeries.url.rpartition('/')[2].partition('?')[0]}"
        connection.execute(text(f"CREATE ROLE {role}"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA ops, plans TO {role}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA ops, plans TO {role}"))
        connection.execute(text("ALTER TABLE ops.batch_events ENABLE ROW LEVEL SECURITY"))
        connection.execute(text(f"CREATE POLICY own ON ops.batch_events TO {role} USING (tenant_id = 'b1')"))
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        seen = connection.execute(text("SELECT tenant_id, state FROM plans.batch_states")).all()
        put_aside = connection.execute(text("SELECT tenant_id FROM plans.batch_event_contradictions")).all()
        connection.execute(text("RESET ROLE"))
        everyone = connection.execute(text("SELECT tenant_id, reason FROM plans.batch_event_contradictions")).all()
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))
    assert [tuple(row) for row in seen] == [("b1", "in_progress")]
    assert put_aside == []
    assert [tuple(row) for row in everyone] == [("b2", REASONS["unknown_batch"])]
