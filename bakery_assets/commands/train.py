"""`bakery train`: a retraining by hand, through Dagster, in this process; the job is in ``assets.retraining``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.isolation import describe

if TYPE_CHECKING:
    from resources.warehouse import Warehouse
    from resources.warehouse.retrainings import Key

STYLES = {"promoted": "green", "not_needed": "cyan", "gated": "yellow", "not_better": "yellow", "failed": "red"}


@dataclass(frozen=True)
class Trained:
    """Outcome of a retraining by hand.

    Attributes:
        rows: of retraining_runs.
        triggers: series by kind of trigger, by tenant.
        models: series by model of the new version, by tenant.
    """

    run_id: str
    rows: list[dict[str, Any]]
    triggers: Mapping[str, Mapping[str, int]]
    models: Mapping[str, Mapping[str, int]]


def train(
    tenant: Annotated[
        list[str] | None, typer.Option("--tenant", help="A bakery; may be repeated. All by default.")
    ] = None,
    plan_date: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="Train as on the morning of this local date. Now by default."
        ),
    ] = None,
) -> None:
    """Train the models of some or all bakeries, with or without a trigger, behind the data-quality gate.

    With a date, the models know what was known that morning, and plans from that morning on use them.
    """
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.cells import Cell
    from bakery_assets.commands.selection import selected_tenants
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings
    from resources.clock import utc_now
    from resources.warehouse import Warehouse
    from resources.warehouse.planning_facts import planning_instants_of

    build_manifest()
    prepare(settings())
    console = VisibleConsole(markup=True, highlight=False)
    wanted = selected_tenants(tenant, in_known_zones=True)
    now = utc_now()
    cells = [Cell(each.tenant_id, plan_date.date() if plan_date else now.date()) for each in wanted]
    instants = planning_instants_of(Warehouse(), cells) if plan_date else {each.tenant_id: now for each in wanted}
    with console.status(f"Training the models of {len(wanted)} bakeries …"):
        result = run_training(instants, now, backdated=plan_date is not None)
    console.print(_table(result))
    console.print(f"Dagster run {result.run_id}.")
    for row in result.rows:
        reported = row["reason"] if row["state"] != "promoted" else _shift(row, result.triggers)
        if reported:
            console.print(f"[{STYLES.get(row['state'], 'red')}]{row['tenant_id']}[/] {row['state']}: ", end="")
            console.print(str(reported), markup=False)
    if any(row["state"] in ("failed", "requested", "running") for row in result.rows):
        raise typer.Exit(1)


def run_training(trained_as_of: Mapping[str, datetime], now: datetime, *, backdated: bool) -> Trained:
    """Retrain tenants through Dagster's retrain_models, quietly, in batches of the size that one training takes.

    The environment must be that of ``instance.prepare``.

    Args:
        trained_as_of: by tenant, the instant up to which facts count.
        backdated: new versions are champions from these instants on, else from their publication on.
    """
    import dagster as dg

    from bakery_assets.assets.retraining import retraining_config
    from bakery_assets.commands.runs import execute_here
    from bakery_assets.definitions import build_defs
    from bakery_assets.settings import settings
    from resources.clock import utc_now
    from resources.warehouse import Warehouse, retrainings
    from sensors.tenant_registry import register

    warehouse = Warehouse()
    name = f"request-{now:%Y%m%dT%H%M%S%f}"
    tenants = sorted(trained_as_of)
    keys: list[Key] = []
    run_id = ""
    with dg.DagsterInstance.get() as instance:
        register(instance, warehouse)
        job = build_defs(resource_overrides={"warehouse": warehouse}).resolve_job_def("retrain_models")
        size = settings().training_size
        for members in (tenants[start : start + size] for start in range(0, len(tenants), size)):
            # Requested batch by batch: what waits long without a run counts as orphaned.
            batch = sorted(
                retrainings.request(
                    warehouse,
                    [(tenant, name) for tenant in members],
                    requested_by="person",
                    requested_at=utc_now() if keys else now,
                    trained_as_of=trained_as_of,
                )
            )
            keys += batch
            run_id = str(uuid4())
            config = retraining_config(batch, backdated=backdated)
            try:
                result = execute_here(instance, job, config, run_id=run_id, raise_on_error=False)
            except BaseException as error:  # also an interruption
                _give_up(warehouse, run_id, batch, f"its run {run_id} died: {describe(error)}", now)
                raise
            if not result.success:
                reason = f"its run {run_id} died: {result.get_run_failure_event().message}"
                _give_up(warehouse, run_id, batch, reason, now)
    return _outcome(warehouse, run_id, keys)


def _give_up(warehouse: "Warehouse", run_id: str, batch: "Collection[Key]", reason: str, now: datetime) -> None:
    from resources.warehouse import retrainings

    retrainings.fail_started(warehouse, run_id, reason, now)
    retrainings.fail_unstarted(warehouse, batch, reason, now)


def _outcome(warehouse: Any, run_id: str, keys: "Collection[Key]") -> Trained:
    from resources.warehouse import retrainings

    return Trained(
        run_id,
        retrainings.outcomes(warehouse, keys),
        retrainings.triggers_by_kind(warehouse, keys),
        retrainings.models_by_name(warehouse, keys),
    )


def _table(result: Trained) -> Table:
    table = Table(title="Retraining", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("bakery", "state", "series", "before", "now", "mostly by", "because"):
        table.add_column(heading, justify="right" if heading in ("series", "before", "now") else "left")
    for row in result.rows:
        tenant = row["tenant_id"]
        # By hand every series is requested; only triggers in addition to that are worth showing.
        triggers = {kind: count for kind, count in result.triggers.get(tenant, {}).items() if kind != "request"}
        table.add_row(
            tenant,
            f"[{STYLES.get(row['state'], 'default')}]{row['state']}[/]",
            str(row["series"]),
            _percent(row["backtest_wape_old"]),
            _percent(row["backtest_wape_new"]),
            _most(result.models.get(tenant, {})),
            _most(triggers) or "request",
        )
    table.caption = "before, now: WAPE of the champion and of the new version on the last weeks"
    table.caption_justify = "left"
    return table


def _shift(row: Mapping[str, Any], triggers: Mapping[str, Mapping[str, int]]) -> str | None:
    """The gate's sentence about sales that are at another level."""
    return row["gate"]["verdict"] if "level_shift" in triggers.get(row["tenant_id"], {}) else None


def _most(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    name, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return f"{name} {count}"


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.1%}"
