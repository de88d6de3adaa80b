"""What forecasting costs: a day's stage and a week's training of 20,000 series with 1,200 days of sales each.

The series are the bread chain's own, in turn, each made larger or smaller and shifted by whole weeks, so that they
have its weekdays, holidays and closed days without being copies. CPU seconds are of all threads.
``python -m benchmarks.forecast_cost 4000`` measures fewer series; the booster's cost is that of 20,000 in any case.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

import numpy as np
import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.keys import PRODUCT
from bakery_assets.settings import PROJECT
from benchmarks.targets import as_line, at_most, below

DATA = PROJECT.parent / "shared" / "data" / "bread_chain"
SERIES_COUNT = 20_000
PRODUCTS = 40  # of each tenant
DAYS = 1_200
SAMPLED_TENANTS = 25  # whose 1,000 series the trees are fitted on, as BAKERY_TRAINING_SAMPLE_SERIES has it
CHUNK_TENANTS = 250  # BAKERY_WAVE_SIZE
LAST = date(2019, 4, 30)
SEED = 7

Result = TypeVar("Result")
# The functions measured take frames without all columns of their tables.
Work = Callable[[pl.DataFrame, Frames], Result]


def run() -> dict[str, object]:
    """Figures of the daily forecast and of the weekly training."""
    if not DATA.is_dir():
        return {"skipped": f"the bread chain is not at {DATA}"}
    command = [sys.executable, "-m", "benchmarks.forecast_cost"]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    targets = [
        at_most("CPU ms per series in the daily forecast", figures["forecast_cpu_ms_per_series"], 1.0),
        at_most("CPU ms per series in the weekly training", figures["training_cpu_ms_per_series"], 60.0),
        below("GiB of memory", figures["peak_memory_gib"], 8.0),
    ]
    for target in targets:
        print(as_line(target), flush=True)
    return {**figures, "targets": targets}


def _measure(series: int) -> None:
    from bakery_assets.forecasting import fit_booster, forecast_demand, train_models
    from bakery_assets.stages import Stage

    fit = cast(Work[pl.DataFrame], fit_booster)
    train = cast(Work[Frames], train_models)
    forecast = Stage.of(forecast_demand).plan
    frames, cells = frames_and_cells(series)
    models = {"incumbents": frames["series_models"], "carried_over": frames["series_models"]}
    loaded = _peak_gib()

    def of(tenants: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {
            name: each if name in ("boosters", "shared_effects") else each.join(tenants, on="tenant_id", how="semi")
            for name, each in frames.items()
        }

    sample = cells.gather_every(cells.height // SAMPLED_TENANTS)
    fitting, boosters = _timed(lambda: fit(sample, of(sample)))
    frames["boosters"] = boosters
    training = 0.0
    versions = []
    for first in range(0, cells.height, CHUNK_TENANTS):
        chunk = cells.slice(first, CHUNK_TENANTS)
        facts = {**of(chunk), **models}
        seconds, trained = _timed(partial(train, chunk, facts))
        training += seconds
        versions.append(trained)
    trained_peak = _peak_gib()
    frames["model_versions"] = pl.concat([each["model_versions"] for each in versions])
    frames["series_models"] = pl.concat([each["series_models"] for each in versions])
    forecast(sample, of(sample))  # what is compiled or imported once is not a cost of a series
    frames["day_forecasts"] = _earlier(forecast(cells, frames)["demand_forecasts"])
    forecasting, forecasts = _timed(lambda: forecast(cells, frames)["demand_forecasts"])
    assert forecasts.height == series * 7, forecasts.height
    print(
        json.dumps(
            {
                "series": series,
                "days_of_history": DAYS,
                "forecast_cpu_ms_per_series": round(1000 * forecasting / series, 3),
                "training_cpu_ms_per_series": round(1000 * (training / series + fitting / SERIES_COUNT), 2),
                "of_which_trees_shared_by_all": round(1000 * fitting / SERIES_COUNT, 2),
                "peak_memory_gib": round(_peak_gib(), 2),
                "peak_memory_gib_after_training": round(trained_peak, 2),
                "facts_alone_gib": round(loaded, 2),
                "models_chosen": dict(frames["series_models"]["model"].value_counts(sort=True).iter_rows()),
            }
        )
    )


def frames_and_cells(series: int) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Facts and models that the stage reads, these empty; and the cells."""
    from bakery_assets.forecasting.registry.shared_effects import SharedEffects
    from bakery_assets.schemas import ops, plans, table_name

    sold = pl.read_csv(DATA / "sales.csv", try_parse_dates=True).sort(*PRODUCT, "sales_date")
    first = LAST - timedelta(days=DAYS - 1)
    wide = sold.pivot(on=PRODUCT, index="sales_date", values="quantity", sort_columns=True)
    real = wide.sort("sales_date").drop("sales_date").fill_null(0.0).to_numpy().T
    chance = np.random.default_rng(SEED)
    days = pl.date_range(first, LAST, eager=True)
    tenants = [f"bakery-{number:04}" for number in range(series // PRODUCTS)]
    parts = []
    for number, tenant in enumerate(tenants):
        shift = 7 * int(chance.integers(0, 2))
        # A tenant's products share a real store's three, so that they share its closed days.
        of_store = real[3 * (number % (len(real) // 3)) + np.arange(PRODUCTS) % 3]
        window = of_store[:, real.shape[1] - DAYS - shift : real.shape[1] - shift]
        sizes = chance.lognormal(-1.0, 0.8, PRODUCTS)[:, None]
        quantity = np.round(window * sizes * chance.lognormal(0.0, 0.1, window.shape))
        parts.append(
            pl.DataFrame(
                {
                    "tenant_id": pl.Series([tenant]).extend_constant(tenant, PRODUCTS * DAYS - 1),
                    "product_id": np.repeat([f"p{each:02}" for each in range(PRODUCTS)], DAYS),
                    "sales_date": pl.concat([days] * PRODUCTS),
                    "quantity": quantity.reshape(-1),
                }
            )
        )
    none = pl.lit(None)
    sales = pl.concat(parts).with_columns(
        location_id=pl.lit("main"), revenue=none.cast(pl.Float64), sold_out_at=none.cast(pl.Time),
        recorded_at=(pl.col("sales_date") + timedelta(days=1)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    )  # fmt: skip
    named = pl.DataFrame({"tenant_id": tenants})
    frames = {
        "sales": sales,
        "tenants": named.with_columns(country=pl.lit("DE"), region=none.cast(pl.String)),
        "products": sales.select(PRODUCT)
        .unique()
        .with_columns(category=pl.lit("bread"), introduced_on=none.cast(pl.Date), discontinued_on=none.cast(pl.Date)),
        "calendar": _calendar(tenants),
        "weather": _weather(tenants),
        "shared_effects": SharedEffects.create_empty(),
        "day_forecasts": plans.DemandForecasts.create_empty(),
    }
    empty = (
        ops.SalesHourly, ops.ForecastOverrides, ops.OpeningHours, ops.TenantSettings, plans.ModelVersions,
        plans.SeriesModels, plans.Boosters,
    )  # fmt: skip
    frames |= {table_name(schema): schema.create_empty() for schema in empty}
    instant = datetime(2019, 5, 1, 3, 30, tzinfo=UTC)
    cells = named.with_columns(
        plan_date=pl.lit(LAST + timedelta(days=1)), timezone=pl.lit("Europe/Berlin"), planned_as_of=pl.lit(instant)
    )
    return frames, cells


def _earlier(forecasts: pl.DataFrame) -> pl.DataFrame:
    """What plans of the ``DAYS`` before forecast of their own day, as levels learn from it: here that day's figures."""
    from bakery_assets.forecasting.adaptive_levels import DAYS as EARLIER_DAYS

    own = forecasts.filter(pl.col("target_date") == pl.col("plan_date"))
    back = pl.DataFrame({"back": range(1, EARLIER_DAYS + 1)})
    earlier = pl.col("plan_date") - pl.duration(days="back")
    return own.join(back, how="cross").with_columns(plan_date=earlier, target_date=earlier).drop("back")


def _calendar(tenants: list[str]) -> pl.DataFrame:
    """A store's holidays and school holidays, for every tenant."""
    none = pl.lit(None)
    store = pl.read_csv(DATA / "calendar.csv", try_parse_dates=True)
    own = store.filter(pl.col("tenant_id") == store["tenant_id"][0], pl.col("kind") != "promotion").drop("tenant_id")
    return (
        pl.DataFrame({"tenant_id": tenants})
        .join(own, how="cross")
        .with_columns(name=none.cast(pl.String), opens=none.cast(pl.Time), closes=none.cast(pl.Time))
    )


def _weather(tenants: list[str]) -> pl.DataFrame:
    store = pl.read_csv(DATA / "weather.csv", try_parse_dates=True)
    own = store.filter(pl.col("tenant_id") == store["tenant_id"][0]).drop("tenant_id")
    return pl.DataFrame({"tenant_id": tenants}).join(own, how="cross")


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    _measure(int(sys.argv[1]) if len(sys.argv) > 1 else SERIES_COUNT)
