"""The whole system on real input: loaded, planned as a wave, backfilled by Dagster's daemon, looked at in a browser."""

import math
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bakery_assets.planning_day import STAGES
from bakery_assets.settings import Settings
from resources.postgres import open_databases
from resources.warehouse import Warehouse
from tests.bakeries import digests, insert, productless, rows
from tests.end_to_end.installation import Installation, ask, installation, wait_for

CHAIN_DAY = date(2019, 5, 1)  # the day after the chain's last sales
SHOP_DAY = date(2022, 10, 1)  # the day after the French shop's
WEEK = [CHAIN_DAY - timedelta(days=back) for back in range(7, 0, -1)]
STORE = "store-17"
ASSETS = [stage.name for stage in STAGES]
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def office(real_data: Path) -> Iterator[Installation]:
    """An installation that holds the bread chain and the French shop."""
    home = Path(tempfile.mkdtemp(prefix="bakery-home-"))
    made = installation(home)
    made.bakery("load", str(real_data / "bread_chain"))
    made.bakery(
        "import-pos", str(real_data / "french_shop" / "till_export.csv"),
        "--tenant", "french-shop", "--timezone", "Europe/Paris", "--country", "FR",
    )  # fmt: skip
    yield made
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def warehouse(office: Installation) -> Iterator[Warehouse]:
    """Its warehouse, whose server runs as long as this module's tests."""
    opened = Warehouse(open_databases(Settings(home=office.home)).warehouse)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def planned(office: Installation, warehouse: Warehouse) -> Warehouse:
    """All 21 tenants planned, each for the day after its last sales, in one wave."""
    office.python(
        "from bakery_assets.commands.plan import run_wave; from bakery_assets.cells import Cell;"
        "from bakery_assets.instance import prepare; from bakery_assets.settings import settings;"
        "from resources.warehouse import Warehouse, planning_runs; prepare(settings());"
        "days = {'french-shop': '" + SHOP_DAY.isoformat() + "'};"
        "cells = [Cell.of(t.tenant_id, days.get(t.tenant_id, '"
        + CHAIN_DAY.isoformat()
        + "')) for t in planning_runs.tenants(Warehouse())];"
        "result = run_wave(cells); assert result.planned == 21, result"
    )
    # Quiet for what follows: the schedule would plan today for tenants whose sales ended years ago.
    with warehouse.engine.begin() as connection:
        connection.execute(text("UPDATE ops.tenants SET status = 'suspended'"))
    return warehouse


@pytest.fixture(scope="module")
def ui(office: Installation, planned: Warehouse) -> Iterator[str]:
    """The address of the Dagster UI of `bakery up`."""
    with office.up() as url:
        yield url


def test_everything_was_loaded_and_nothing_was_refused(warehouse: Warehouse, office: Installation) -> None:
    assert rows(warehouse, "SELECT count(*) FROM ops.sales WHERE tenant_id LIKE 'store-%'") == [(72_900,)]
    assert rows(warehouse, "SELECT count(DISTINCT product_id) FROM ops.products WHERE tenant_id = 'french-shop'") == [
        (148,)
    ]
    assert rows(warehouse, "SELECT count(*) FROM ops.quarantine") == [(0,)]


def test_a_wave_plans_all_21_tenants(planned: Warehouse) -> None:
    assert rows(planned, "SELECT status, count(*) FROM plans.planning_runs GROUP BY 1") == [("planned", 21)]
    assert rows(
        planned, "SELECT count(*), sum(products) FROM plans.daily_summaries WHERE tenant_id LIKE 'store-%'"
    ) == [(20, 60)]


def test_forecasts_are_ordered_seven_days_long_and_near_what_such_days_sold(planned: Warehouse) -> None:
    disorder = "NOT (0 <= q10 AND q10 <= q50 AND q50 <= q80 AND q80 <= q90 AND q90 <= q95 AND yhat >= 0)"
    assert rows(planned, f"SELECT count(*) FROM plans.demand_forecasts WHERE {disorder}") == [(0,)]
    assert rows(
        planned,
        "SELECT DISTINCT count(*) FROM plans.demand_forecasts WHERE tenant_id LIKE 'store-%' GROUP BY tenant_id, product_id",
    ) == [(7,)]
    # The next seven days of the chain against the mean week of the last four, tenant by tenant.
    weeks = rows(
        planned,
        f"""SELECT f.tenant_id, f.total, s.total / 4 FROM
            (SELECT tenant_id, sum(yhat) AS total FROM plans.demand_forecasts GROUP BY 1) f JOIN
            (SELECT tenant_id, sum(quantity) AS total FROM ops.sales
              WHERE sales_date >= DATE '{CHAIN_DAY}' - 28 AND sales_date < DATE '{CHAIN_DAY}' GROUP BY 1) s USING (tenant_id)""",
    )
    assert len(weeks) == 20
    for tenant, expected, sold in weeks:
        assert 0.6 < expected / sold < 1.4, f"{tenant}: {expected} against {sold} in a usual week"


def test_every_batch_is_the_quantile_of_the_forecast_in_whole_pieces(planned: Warehouse) -> None:
    """The chain has no stock, no orders and no lot sizes, and its bread keeps for a day. It sells at
    1.00 what costs 0.30: a critical ratio of 0.7, two thirds of the way from the median to the 80th percentile."""
    wanted: dict[tuple[str, str, date], float] = defaultdict(float)
    for tenant, product, day, q50, q80 in rows(
        planned,
        "SELECT tenant_id, product_id, target_date, q50, q80 FROM plans.demand_forecasts WHERE tenant_id LIKE 'store-%'",
    ):
        wanted[tenant, product, day] += q50 + (q80 - q50) * 2 / 3
    baked: dict[tuple[str, str, date], float] = defaultdict(float)
    for tenant, product, day, quantity in rows(
        planned,
        "SELECT tenant_id, product_id, schedule_date, quantity_planned FROM plans.production_batches WHERE tenant_id LIKE 'store-%'",
    ):
        baked[tenant, product, day] += quantity
    assert len(wanted) == 60 * 7
    for key, quantity in wanted.items():
        # Rounded to six decimals on the way, so what is within a hair of a half may go either way.
        assert baked.get(key, 0) in {math.floor(quantity + 0.5 + hair) for hair in (-1e-5, 1e-5)}, key


def test_stock_is_conserved_and_summaries_add_up(planned: Warehouse) -> None:
    assert rows(
        planned,
        "SELECT count(*) FROM plans.inventory_projections WHERE abs(opening + receipts - consumption - expired - closing) > 1e-6"
        " OR abs(gross_requirement - consumption - unmet) > 1e-6",
    ) == [(0,)]
    assert rows(
        planned,
        """SELECT count(*) FROM plans.daily_summaries s JOIN
           (SELECT tenant_id, sum(yhat) AS total FROM plans.demand_forecasts WHERE target_date = plan_date GROUP BY 1) f USING (tenant_id)
           WHERE abs(s.forecast_quantity - f.total) > 1e-3""",
    ) == [(0,)]


def test_show_prints_a_day_that_fits_80_columns(office: Installation, planned: Warehouse) -> None:
    printed = office.bakery("show", "--tenant", "french-shop", "--date", SHOP_DAY.isoformat())
    assert max(len(line) for line in printed.splitlines()) <= 80
    assert "BAGUETTE" in printed.upper()


def test_a_tenants_week_is_backfilled_by_dagsters_own_daemon(ui: str, planned: Warehouse) -> None:
    partitions = [f"{day}|{STORE}" for day in WEEK]
    wait_for(lambda: STORE in registered(ui), 60, "the tenant's partition")
    launched = ask(
        ui,
        """mutation Backfill($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
             __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }""",
        {"params": {"partitionNames": partitions, "assetSelection": [{"path": [asset]} for asset in ASSETS]}},
    )["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    query = "query Backfill($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status numPartitions runs(limit: 50) { id status } } } }"

    def finished() -> dict[str, object] | None:
        state = ask(ui, query, {"id": launched["backfillId"]})["partitionBackfillOrError"]
        assert "FAIL" not in str(state["status"]), state
        return state if state["status"] == "COMPLETED_SUCCESS" else None

    state = wait_for(finished, 300, "the backfill")
    assert state["numPartitions"] == 7
    assert len(state["runs"]) == 1, "the tenant's dates go into one run"
    assert rows(planned, f"SELECT plan_date FROM plans.daily_summaries WHERE tenant_id = '{STORE}' ORDER BY 1") == [
        (day,) for day in [*WEEK, CHAIN_DAY]
    ]
    check_validation(planned)
    # The wave of CHAIN_DAY found no forecast to validate; now there is one, and `late_sales` starts a wave for it.
    wait_for(lambda: is_settled(planned), 240, "the validation that the new forecasts request")
    assert rows(
        planned,
        "SELECT validation_date, status, forecasts_evaluated FROM plans.validation_runs"
        f" WHERE tenant_id = '{STORE}' AND plan_date = '{CHAIN_DAY}'",
    ) == [(WEEK[-1], "validated", 3)]


def is_settled(warehouse: Warehouse) -> bool:
    """Whether no cell is being planned or has an open request for revalidation."""
    return not rows(warehouse, "SELECT FROM plans.planning_runs WHERE requested_xid IS NOT NULL OR status = 'claimed'")


def check_validation(planned: Warehouse) -> None:
    """Recompute each validated day's error from forecasts and sales."""
    for validation_date, status, mae, wape, evaluated in rows(
        planned,
        f"SELECT validation_date, status, mae, wape, forecasts_evaluated FROM plans.validation_runs WHERE tenant_id = '{STORE}' AND plan_date BETWEEN '{WEEK[1]}' AND '{WEEK[-1]}'",
    ):
        if status != "validated":
            continue
        pairs = rows(
            planned,
            f"""SELECT f.yhat, s.quantity FROM plans.demand_forecasts f JOIN ops.sales s USING (tenant_id, product_id)
                WHERE tenant_id = '{STORE}' AND f.plan_date = '{validation_date}' AND f.target_date = f.plan_date
                  AND s.sales_date = f.target_date""",
        )
        assert evaluated == len(pairs) == 3
        errors = [abs(yhat - sold) for yhat, sold in pairs]
        assert math.isclose(mae, sum(errors) / 3, rel_tol=1e-4)
        assert math.isclose(wape, sum(errors) / sum(sold for _, sold in pairs), rel_tol=1e-4)
    statuses = rows(
        planned,
        f"SELECT status FROM plans.validation_runs WHERE tenant_id = '{STORE}' AND plan_date > '{WEEK[0]}' AND plan_date < '{CHAIN_DAY}'",
    )
    assert sum(status == "validated" for (status,) in statuses) >= 4


def test_planning_again_leaves_every_row_as_it_was(office: Installation, planned: Warehouse) -> None:
    wait_for(lambda: is_settled(planned), 240, "the validation that was requested")
    before = digests(planned)
    office.bakery("plan", "--date", CHAIN_DAY.isoformat(), "--tenant", "store-2", "--tenant", "store-3")
    assert digests(planned) == before


def test_a_poison_tenant_shows_as_failed_after_its_own_retry(ui: str, office: Installation, planned: Warehouse) -> None:
    # Suspended, so that the schedule does not plan it for today as well.
    [tenant] = productless("poison")["tenants"]
    insert(planned, **{**productless("poison"), "tenants": [{**tenant, "status": "suspended"}]})
    done = office.attempt("plan", "--date", "2026-03-03", "--tenant", "poison")
    assert done.returncode == 1
    assert "no products" in done.stdout
    query = """{ runsOrError(filter: {pipelineName: "plan_tenant_day", statuses: [FAILURE],
                   tags: [{key: "dagster/partition", value: "2026-03-03|poison"}]}) { ... on Runs { results { id } } } }"""
    failed = wait_for(lambda: ask(ui, query)["runsOrError"]["results"], 240, "the retry that fails alone")
    assert len(failed) == 1
    statuses = ask(
        ui,
        """{ assetNodeOrError(assetKey: {path: ["daily_summaries"]}) { ... on AssetNode { assetPartitionStatuses {
             ... on MultiPartitionStatuses { ranges { primaryDimStartKey primaryDimEndKey secondaryDim {
               ... on DefaultPartitionStatuses { failedPartitions materializedPartitions } } } } } } } }""",
    )["assetNodeOrError"]["assetPartitionStatuses"]["ranges"]
    assert any("poison" in (each["secondaryDim"].get("failedPartitions") or []) for each in statuses), statuses
    # Twice alone: the step and its retry; the person's own try does not count. Waves of `late_sales` count on top of that.
    [(day, status, attempts)] = rows(
        planned, "SELECT plan_date, status, attempts FROM plans.planning_runs WHERE tenant_id = 'poison'"
    )
    assert (day, status) == (date(2026, 3, 3), "failed")
    assert attempts >= 2


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: apt install chromium")
def test_the_asset_graph_and_an_assets_partitions_open_without_console_errors(ui: str, planned: Warehouse) -> None:
    from playwright.sync_api import sync_playwright

    shots = Path(__file__).resolve().parents[2] / ".screenshots"
    shots.mkdir(exist_ok=True)
    console_errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.on("console", lambda message: console_errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        page.goto(f"{ui}/asset-groups", wait_until="networkidle")
        for group in ("facts", "plans", "marts"):
            page.get_by_text(group, exact=True).first.wait_for()
        page.goto(f"{ui}/locations/bakery_assets/asset-groups/plans/lineage", wait_until="networkidle")
        # The page draws what its window shows of the graph, and that is the middle.
        page.get_by_text("stock_movements").first.wait_for()
        page.screenshot(path=shots / "asset_graph.png")
        page.goto(f"{ui}/assets/daily_summaries?view=partitions", wait_until="networkidle")
        page.get_by_text(STORE).first.wait_for()
        page.screenshot(path=shots / "partitions.png")
        page.goto(f"{ui}/assets/production_schedules?view=overview", wait_until="networkidle")
        page.get_by_text("What to bake, when, and on what").first.wait_for()
        page.screenshot(path=shots / "asset_overview.png", full_page=True)
        browser.close()
    assert console_errors == []


def registered(ui: str) -> list[str]:
    """Tenants that have a partition."""
    answer = ask(
        ui,
        """{ assetNodeOrError(assetKey: {path: ["daily_summaries"]}) { ... on AssetNode {
             partitionKeysByDimension { name partitionKeys } } } }""",
    )
    dimensions = answer["assetNodeOrError"]["partitionKeysByDimension"]
    return [key for each in dimensions if each["name"] == "tenant" for key in each["partitionKeys"]]
