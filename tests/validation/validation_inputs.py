"""Inputs of the validation as frames: forecasts of earlier plans, sales, the calendar, earlier validations."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from bakery_assets.cells import CELLS
from bakery_assets.stages import Stage
from bakery_assets.validation import validate_forecasts
from tests.scenarios import frame_schema

MONDAY = date(2026, 3, 9)
SUNDAY, SATURDAY, FRIDAY = (MONDAY - timedelta(days=n) for n in (1, 2, 3))
STAGE = Stage.of(validate_forecasts)
QUANTILES = {"q10": -2.0, "q50": 0.0, "q80": 1.0, "q90": 2.0, "q95": 3.0}  # above the forecast, in units
MOST = 1e9  # units; what a table of forecasts holds


def frames(*groups: Iterable[Any]) -> dict[str, pl.DataFrame]:
    """The stage's frames from rows of ``forecast``, ``sale``, ``closed``, ``validated`` and ``override``."""
    rows = [row for group in groups for row in group]
    return {
        name: pl.DataFrame([row for kind, row in rows if kind == name], schema=frame_schema(schema), orient="row")
        for name, schema in STAGE.reads.items()
    }


def cells(*tenants: str, day: date = MONDAY) -> pl.DataFrame:
    dawn = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
    return pl.DataFrame([(t, day, "Europe/Berlin", dawn) for t in tenants], schema=CELLS, orient="row")


def forecast(
    made_on: date,
    target: date,
    product: str,
    yhat: float,
    tenant: str = "t",
    shop: str = "main",
    *,
    system: float | None = None,
    override: str | None = None,
) -> Any:
    """A forecast whose quantiles are 2 below, at, and 1, 2 and 3 above it, as far as a table holds them."""
    quantiles = {name: min(max(yhat + more, 0.0), MOST) for name, more in QUANTILES.items()}
    return "past_forecasts", {
        "tenant_id": tenant, "plan_date": made_on, "location_id": shop, "product_id": product, "target_date": target,
        "yhat": yhat, **quantiles, "model": "trees", "model_version": "1", "override_id": override, "reasoning": "{}",
        "system_yhat": yhat if system is None else system,
    }  # fmt: skip


def sale(
    day: date, product: str, quantity: float, tenant: str = "t", shop: str = "main", *, sold_out: time | None = None
) -> Any:
    return "sales", {
        "tenant_id": tenant, "product_id": product, "sales_date": day, "location_id": shop, "quantity": quantity,
        "revenue": None, "sold_out_at": sold_out, "recorded_at": datetime(2026, 3, 9, 0, 30, tzinfo=UTC),
    }  # fmt: skip


def closed(day: date, product: str | None = None, tenant: str = "t") -> Any:
    return "calendar", {"tenant_id": tenant, "date": day, "kind": "closed", "product_id": product}


def validated(
    day: date,
    product: str,
    yhat: float,
    actual: float,
    tenant: str = "t",
    shop: str = "main",
    *,
    by: date | None = None,
    sold_out: bool = False,
) -> Any:
    """The result of a validation by the plan of the day after, or of ``by``."""
    return "past_validations", {
        "tenant_id": tenant, "plan_date": by or day + timedelta(days=1), "validation_date": day, "location_id": shop,
        "product_id": product, "yhat": yhat, "actual": actual, "error": yhat - actual, "is_covered": False,
        "is_sold_out": sold_out, "mase_scale": None,
    }  # fmt: skip


def override(
    number: str, product: str, day: date, who: str = "Anna", reason: str = "a wedding", tenant: str = "t"
) -> Any:
    return "forecast_overrides", {
        "tenant_id": tenant, "override_id": number, "product_id": product, "target_date": day, "quantity": 1.0,
        "factor": None, "reason": reason, "who": who, "recorded_at": datetime(2026, 3, 1, tzinfo=UTC),
    }  # fmt: skip
