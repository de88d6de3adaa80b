"""The gate in Dagster, over a real database: what is logged for each tenant, and that no tenant's pass hides a failure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.storage.event_log.base import PartitionKeyFilter

from bakery_assets.assets.events import external_specs
from bakery_assets.assets.quality import CHECK, SALES, check_sales, sales_by_tenant, sales_quality
from bakery_assets.partitions import TENANT
from resources.clock import Clock
from resources.warehouse import Warehouse
from tests.bakeries import DAY, PLANNING_INSTANT, Rows, bakery, insert, productless, together

KEY = dg.AssetCheckKey(SALES, CHECK)


@dataclass(frozen=True)
class Office:
    """A warehouse, and a Dagster instance whose storage is PostgreSQL."""

    warehouse: Warehouse
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def check(self, *tenants: str) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def("check_sales").execute_in_process(
            instance=self.instance, run_config={"ops": {"check_tenants": {"config": {"tenants": list(tenants)}}}}
        )

    def latest(self, tenant: str) -> dg.AssetCheckEvaluation:
        found = self.instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [KEY], PartitionKeyFilter(key=tenant)
        )
        event = found[KEY].event
        assert event
        assert event.dagster_event
        return event.dagster_event.asset_check_evaluation_data

    def shown(self) -> dict[str | None, str]:
        """What the partitions of the check show."""
        found = self.instance.event_log_storage.get_asset_check_partition_info([KEY])
        return {each.partition_key: each.latest_execution_status.value for each in found}


@pytest.fixture
def office(warehouse: Warehouse, dagster_url: str) -> Iterator[Office]:
    """A warehouse and a Dagster instance that the test has to itself."""
    definitions = dg.Definitions(
        assets=sales_by_tenant(external_specs()),
        asset_checks=[sales_quality],
        jobs=[
            check_sales,
            dg.define_asset_job("check_one", selection=dg.AssetSelection.checks(sales_quality)),
        ],
        resources={"warehouse": warehouse, "clock": Clock(lambda: PLANNING_INSTANT)},
        executor=dg.in_process_executor,
    )
    with dg.instance_for_test(overrides={"storage": {"postgres": {"postgres_url": dagster_url}}}) as instance:
        yield Office(warehouse, instance, definitions)


def stopped(tenant: str) -> dict[str, Rows]:
    """A bakery whose till has sent nothing for three days."""
    rows = bakery(tenant)
    return {**rows, "sales": [row for row in rows["sales"] if row["sales_date"] < DAY - timedelta(days=3)]}


def test_the_check_says_which_tenant_which_rows_and_why(office: Office) -> None:
    insert(office.warehouse, **together(bakery("sound"), stopped("stopped"), productless("empty")))
    assert office.check().success, "a tenant that fails does not fail the run"
    assert office.shown() == {"sound": "SUCCEEDED", "stopped": "FAILED", "empty": "FAILED"}
    evaluation = office.latest("stopped")
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert not evaluation.blocking
    assert evaluation.metadata["tenant"].value == "stopped"
    assert evaluation.metadata["failed"].value == "sales_fresh"
    last = DAY - timedelta(days=4)
    assert str(evaluation.description).startswith(
        f"Training waits. 3 days on which the bakery usually sells are missing since {last}"
    )
    assert f"| blocking | `sales_fresh` | 1 | 3 days on which the bakery usually sells are missing since {last}" in str(
        evaluation.metadata["findings"].value
    )
    assert evaluation.metadata["rows"].value["sales_fresh"][0]["date"] == last.isoformat()
    assert office.latest("empty").metadata["failed"].value == "no_data"


@pytest.mark.parametrize("order", [("stopped", "sound"), ("sound", "stopped")])
def test_one_fails_then_another_passes_and_the_reverse(office: Office, order: tuple[str, str]) -> None:
    insert(office.warehouse, **together(bakery("sound"), stopped("stopped")))
    for tenant in order:
        office.check(tenant)
    assert office.shown() == {"sound": "SUCCEEDED", "stopped": "FAILED"}
    office.check(*order)
    assert office.shown() == {"sound": "SUCCEEDED", "stopped": "FAILED"}


def test_a_tenant_whose_sales_arrive_passes_again(office: Office) -> None:
    rows = stopped("b1")
    insert(office.warehouse, **rows)
    office.check("b1")
    assert office.shown() == {"b1": "FAILED"}
    missing = [row for row in bakery("b1")["sales"] if row["sales_date"] >= DAY - timedelta(days=3)]
    insert(office.warehouse, sales=missing)
    office.check("b1")
    assert office.shown() == {"b1": "SUCCEEDED"}
    assert office.latest("b1").description == "The sales are fit to train on."


@pytest.mark.parametrize("waves_of", [1, 2, 250])
def test_tenants_are_checked_a_wave_at_a_time(office: Office, monkeypatch: pytest.MonkeyPatch, waves_of: int) -> None:
    from bakery_assets.assets import quality
    from bakery_assets.settings import Settings

    monkeypatch.setattr(quality, "settings", lambda: Settings(training_size=waves_of))
    insert(office.warehouse, **together(stopped("b1"), bakery("b2"), stopped("b3")))
    office.check()
    assert office.shown() == {"b1": "FAILED", "b2": "SUCCEEDED", "b3": "FAILED"}


def test_ops_can_run_the_check_of_one_tenant(office: Office) -> None:
    insert(office.warehouse, **together(bakery("sound"), stopped("stopped")))
    office.instance.add_dynamic_partitions(TENANT, ["sound", "stopped", "gone"])
    job = office.definitions.resolve_job_def("check_one")
    for tenant in ("stopped", "sound"):
        assert job.execute_in_process(instance=office.instance, tags={"dagster/partition": tenant}).success
    assert office.shown() == {"sound": "SUCCEEDED", "stopped": "FAILED"}
    assert office.latest("stopped").metadata["failed"].value == "sales_fresh"
    gone = job.execute_in_process(instance=office.instance, tags={"dagster/partition": "gone"}, raise_on_error=False)
    assert not gone.success


@pytest.fixture
def dagster_url(warehouse: Warehouse) -> Iterator[str]:
    """URL of an empty database for Dagster's own storage, on the server of the warehouse."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    from resources.postgres import create_database

    own = warehouse.engine.url
    url = own.set(database=f"{own.database}_dagster")
    create_database(url)
    yield url.render_as_string(hide_password=False)
    admin = create_engine(own.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))
