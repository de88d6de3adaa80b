"""Every setting of the project: one environment variable each, read in this one place.

``.env`` in the project is read too; the environment wins.
"""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Typed settings. ``BAKERY_`` and the field's name in capitals is the variable."""

    model_config = SettingsConfigDict(env_prefix="BAKERY_", env_file=PROJECT / ".env", extra="ignore", frozen=True)

    home: Path = Field(PROJECT / ".bakery", description="Folder of the embedded PostgreSQL and of Dagster's files.")
    database_url: str | None = Field(
        None, description="PostgreSQL 15 or newer for the warehouse; unset: the embedded server under the home folder."
    )
    dagster_database_url: str | None = Field(
        None, description="Database of Dagster's own storage; unset: `<warehouse>_dagster` on the warehouse's server."
    )
    postgres_port: int | None = Field(
        None,
        ge=1024,
        le=65535,
        description="Loopback port of the embedded PostgreSQL, for programs that need one; unset: its socket only.",
    )
    webserver_host: str = Field("127.0.0.1", description="Address the Dagster UI listens on.")
    webserver_port: int = Field(3000, ge=0, le=65535, description="Port of the Dagster UI; 0: any free one.")
    webserver_names: tuple[str, ...] = Field(
        (),
        description="Host names besides the address it listens on under which people open the UI, as a proxy's: "
        '`["plans.example.com"]`.',
    )
    grid_start: date | None = Field(
        None,
        description="First day of the partition grid, the window in which ops see and backfill cells; unset: as many"
        " days as keep it below 100,000 cells, 8 to 400, counted when `bakery up` starts.",
    )
    history_days: int = Field(1_200, ge=35, description="Days of sales before the plan date that a plan uses.")
    plan_demo_tenants: bool = Field(False, description="Plan tenants whose status is `demo` on schedule, too.")
    wave_size: int = Field(1_000, ge=1, description="Most tenants in one run of the planning wave.")
    chunk_size: int = Field(
        125, ge=1, description="Tenants that a wave reads, plans and publishes at a time; more take more memory."
    )
    training_size: int = Field(
        250, ge=1, description="Most tenants whose sales a run reads at once to train their models or to judge them."
    )
    training_sample_series: int = Field(
        1_000, ge=1, description="Most series, of all tenants together, that the boosted trees are fitted on."
    )
    training_cluster: str | None = Field(
        None,
        description="Dask scheduler that training is spread over, as tcp://host:8786; unset: the run's own process.",
    )
    max_refused_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of a load's rows that may be refused before the command ends with status 1.",
    )
    inbox: Path | None = Field(
        None,
        description="Folder with a folder for each bakery, named by its id, whose till files are imported by"
        " themselves; unset: none.",
    )
    quarantine_days: int = Field(
        90,
        ge=1,
        description="Days after which a row in quarantine is deleted, once a day and with each load or import.",
    )
    detail_days: int = Field(
        60,
        ge=31,
        description="Days after its date for which a plan is kept in full; what later plans read of it is kept for as"
        " much longer as they look back. Older days are not validated again.",
    )
    validation_days: int = Field(
        120, ge=73, description="Days for which results of validation are kept by product and shop."
    )
    retention: dict[str, Annotated[int, Field(ge=31)]] = Field(
        {},
        description="Days for which rows of single tables of plans are kept, at least 31, in place of these:"
        ' `{"inventory_projections": 31}`.',
    )
    price_cpu_hour: float = Field(
        0.05, ge=0, description="Price of an hour of one CPU, in the currency in which planning costs are reported."
    )
    price_gb_month: float = Field(
        0.12, ge=0, description="Price of a GB that is stored for a month, with its copies, in the same currency."
    )
    storage_months: float = Field(
        2.0, ge=0, description="Months for which the rows of a plan are kept and paid for, in what planning has cost."
    )
    claim_minutes: int = Field(
        30, ge=1, description="Minutes after which a cell whose planning has not ended is due again."
    )
    late_minutes: int = Field(
        60, ge=1, description="Minutes after its planning time from which a day without a plan is shown as late."
    )
    cell_attempts: int = Field(2, ge=1, description="How often a failing cell is tried before it waits for a person.")
    retry_seconds: float = Field(
        5.0, ge=0, description="Wait before a failed cell's step is retried; doubles each time."
    )


# What no plan depends on: where things are, how much is done at a time, when, and what it costs.
NOT_OF_PLANS = frozenset(
    {
        "home", "database_url", "dagster_database_url", "postgres_port", "webserver_host", "webserver_port",
        "webserver_names", "grid_start", "plan_demo_tenants", "wave_size", "chunk_size", "training_size",
        "training_cluster", "max_refused_share", "inbox", "quarantine_days", "price_cpu_hour", "price_gb_month",
        "storage_months", "claim_minutes", "late_minutes", "cell_attempts", "retry_seconds",
    }
)  # fmt: skip


@cache
def settings() -> Settings:
    """The process's settings."""
    return Settings()
