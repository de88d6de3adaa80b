"""What a morning looks back on, as frames: forecasts made before, sales, the calendar, earlier checks."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from bakery_assets.cells import CELLS

MONDAY = date(2026, 3, 9)
SUNDAY, SATURDAY, FRIDAY = (MONDAY - timedelta(days=n) for n in (1, 2, 3))
LEVELS = ("q10", "q50", "q80", "q90", "q95")
TEXT, NUMBER = pl.String(), pl.Float64()
KNOWN = pl.Datetime("us", "UTC")
SCHEMAS: dict[str, dict[str, Any]] = {
    "past_forecasts": {
        "tenant_id": TEXT, "plan_date": pl.Date, "location_id": TEXT, "product_id": TEXT, "target_date": pl.Date,
        "yhat": NUMBER, **dict.fromkeys(LEVELS, NUMBER), "model": TEXT, "model_version": TEXT, "override_id": TEXT,
        "reasoning": TEXT, "system_yhat": NUMBER,
    },
    "past_validations": {
        "tenant_id": TEXT, "plan_date": pl.Date, "validation_date": pl.Date, "location_id": TEXT, "product_id": TEXT,
        "yhat": NUMBER, "actual": NUMBER, "error": NUMBER, "is_covered": pl.Boolean, "is_sold_out": pl.Boolean,
        "scale": NUMBER,
    },
    "sales": {
        "tenant_id": TEXT, "product_id": TEXT, "sales_date": pl.Date, "location_id": TEXT, "quantity": NUMBER,
        "revenue": NUMBER, "sold_out_at": pl.Time, "recorded_at": KNOWN,
    },
    "calendar": {
        "tenant_id": TEXT, "date": pl.Date, "kind": TEXT, "product_id": TEXT, "name": TEXT, "opens": pl.Time,
        "closes": pl.Time,
    },
    "forecast_overrides": {
        "tenant_id": TEXT, "override_id": TEXT, "product_id": TEXT, "target_date": pl.Date, "quantity": NUMBER,
        "factor": NUMBER, "reason": TEXT, "who": TEXT, "recorded_at": KNOWN,
    },
}  # fmt: skip


def frames(*groups: Iterable[Any]) -> dict[str, pl.DataFrame]:
    """The stage's frames from rows of ``forecast``, ``sale``, ``closed``, ``checked`` and ``override``."""
    rows = [row for group in groups for row in group]
    return {
        name: pl.DataFrame([row for kind, row in rows if kind == name], schema=schema, orient="row")
        for name, schema in SCHEMAS.items()
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
    """A forecast whose quantiles are 2 below, at, and 1, 2 and 3 above it."""
    quantiles = dict(zip(LEVELS, (yhat - 2, yhat, yhat + 1, yhat + 2, yhat + 3), strict=True))
    return "past_forecasts", {
        "tenant_id": tenant, "plan_date": made_on, "location_id": shop, "product_id": product, "target_date": target,
        "yhat": yhat, **quantiles, "model": "m", "model_version": "1", "override_id": override, "reasoning": "{}",
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


def checked(
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
    """What the cell of the day after, or ``by``, found."""
    return "past_validations", {
        "tenant_id": tenant, "plan_date": by or day + timedelta(days=1), "validation_date": day, "location_id": shop,
        "product_id": product, "yhat": yhat, "actual": actual, "error": yhat - actual, "is_covered": False,
        "is_sold_out": sold_out, "scale": None,
    }  # fmt: skip


def override(
    number: str, product: str, day: date, who: str = "Anna", reason: str = "a wedding", tenant: str = "t"
) -> Any:
    return "forecast_overrides", {
        "tenant_id": tenant, "override_id": number, "product_id": product, "target_date": day, "quantity": 1.0,
        "factor": None, "reason": reason, "who": who, "recorded_at": datetime(2026, 3, 1, tzinfo=UTC),
    }  # fmt: skip
