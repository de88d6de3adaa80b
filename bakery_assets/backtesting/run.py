"""The backtest: at every origin every model forecasts a week from what was known, and all are scored alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.baselines import CpuClock, Forecasts, forecast_baseline
from bakery_assets.backtesting.closures import closures_ahead
from bakery_assets.backtesting.figures import EVENING, SYSTEM, SYSTEMS, accuracy_figures
from bakery_assets.backtesting.scores import ComparedDays, compared_days
from bakery_assets.backtesting.series import SOLD, ErrorScales, ScoredDays, daily, error_scales, scored_days
from bakery_assets.backtesting.system import TrainedModels, forecast_system, no_models, train_system
from bakery_assets.backtesting.windows import ONE_DAY, BacktestFacts, cells_of, known_before, origins
from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.keys import SERIES
from bakery_assets.schemas import plans

MIN_HISTORY_DAYS = 14  # before the first origin, so that every weekday was seen twice
Progress = Callable[[str, int, int], None]


class CannotBacktest(ValueError):
    """Data that no backtest can be made of; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class Backtest:
    """The result of a backtest.

    Attributes:
        models: one mapping a model: its accuracy (see ``figures``), ``train_seconds_per_series`` and
            ``predict_seconds_per_series`` (CPU seconds for one series at one origin), and ``fallback_share`` (of
            a baseline's days that a simpler model had to forecast).
        data: what was compared, and what was left out.
        system: days by the model that made the system's forecasts, and the tenants that had no trained model at
            the last origin, each with the reason.
        days: every forecast next to what sold, for a closer look.
    """

    models: tuple[dict[str, Any], ...]
    data: dict[str, Any]
    system: dict[str, Any]
    days: dy.DataFrame[ComparedDays]


@dataclass
class _Ledger:
    """One model's forecasts so far, and what they cost."""

    rows: list[pl.DataFrame] = field(default_factory=list)
    train_seconds: list[float] = field(default_factory=list)
    predict_seconds: float = 0.0
    published: list[dy.DataFrame[plans.DemandForecasts]] = field(default_factory=list)  # of the system

    def add(self, forecasts: Forecasts, origin: date) -> None:
        self.rows.append(forecasts.rows.with_columns(origin=pl.lit(origin)))
        self.train_seconds += [] if forecasts.train_seconds is None else [forecasts.train_seconds]
        self.predict_seconds += forecasts.predict_seconds


@dataclass(frozen=True)
class _AllForecasts:
    """What all models have forecast.

    Attributes:
        ledgers: by model.
        fits: series fitted, over all origins.
        training: the system's last.
    """

    ledgers: Mapping[str, _Ledger]
    fits: int
    training: TrainedModels


def run_backtest(
    facts: BacktestFacts,
    weeks: int,
    models: Sequence[str],
    cpu: CpuClock,
    progress: Progress = lambda *_: None,
    last_day: date | None = None,
) -> Backtest:
    """Backtest over ``weeks`` weeks of sales: horizon 7, step 7, every model refitted at every origin.

    Args:
        facts: the whole tables; it is here that the future is kept from the models.
        weeks: at least 1.
        models: of ``baselines.BASELINES`` and ``SYSTEMS``, in the order of the report.
        cpu: CPU seconds that this process has used.
        progress: called with a model's name, and how many of how many origins are done.
        last_day: the last day compared; None: the last day with sales.

    Raises:
        CannotBacktest: there is too little to compare.
    """
    first_day, last_day = _span(facts["sales"], weeks, last_day)
    plan_dates = origins(last_day, weeks)
    scored = scored_days(facts, plan_dates)
    if scored.is_empty():
        raise CannotBacktest(
            f"No series sold anything before {plan_dates[0]} and its bakery anything after; give a folder with more"
            " sales, or fewer --weeks."
        )
    forecast = _forecast_all(facts, scored, plan_dates, models, cpu, progress)
    compared = [compared_days(scored, name, pl.concat(each.rows)) for name, each in forecast.ledgers.items()]
    days = cast(dy.DataFrame[ComparedDays], pl.concat(compared))
    scales = error_scales(daily(facts["sales"], plan_dates[0]))
    data = {
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "days": (last_day - first_day).days + 1,
        "weeks": weeks,
        "horizon_days": HORIZON_DAYS,
        "first_origin": plan_dates[0].isoformat(),
        "origins": len(plan_dates),
        "test_days": HORIZON_DAYS * len(plan_dates),
        **_counts(facts, last_day, scored, scales),
    }
    system = _system_figures(days, forecast.training) if SYSTEM in models else {}
    return Backtest(_figures(days, scales, forecast), data, system, days)


def _forecast_all(
    facts: BacktestFacts,
    scored: pl.DataFrame,
    plan_dates: Sequence[date],
    models: Sequence[str],
    cpu: CpuClock,
    progress: Progress,
) -> _AllForecasts:
    tenants = facts["tenants"].join(scored, on="tenant_id", how="semi")
    ledgers = {name: _Ledger() for name in models}
    trained = no_models()
    fits = 0
    for done, origin in enumerate(plan_dates):
        cells, known = cells_of(tenants, origin), known_before(facts, origin)
        # On a Sunday night Sunday is not reported yet; nor is any day on its own evening.
        known_on_the_evening = known_before(facts, origin - ONE_DAY)
        if not set(models).isdisjoint(SYSTEMS):
            trained = train_system(cells_of(tenants, origin - ONE_DAY), known_on_the_evening, trained, cpu)
        series, closed = daily(known["sales"], origin), closures_ahead(cells, known)
        fits += series.select(SERIES).n_unique()
        for name in models:
            progress(name, done, len(plan_dates))
            if name == SYSTEM:
                forecasts = forecast_system(cells, known, trained, ledgers[name].published, cpu)
            elif name == EVENING:
                forecasts = forecast_system(cells, known_on_the_evening, trained, ledgers[name].published, cpu)
            else:
                forecasts = forecast_baseline(name, series, closed, cpu)
            ledgers[name].add(forecasts, origin)
            progress(name, done + 1, len(plan_dates))
    return _AllForecasts(ledgers, fits, trained)


def _span(sales: pl.DataFrame, weeks: int, last_day: date | None) -> tuple[date, date]:
    """The first day on which anything sold, and the last one or ``last_day``."""
    days = sales.filter(SOLD)["sales_date"]
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise CannotBacktest("There are no sales to compare forecasts with; look at what was left out of sales.")
    if last_day is not None and not first <= last_day <= last:
        raise CannotBacktest(f"There are sales from {first} to {last}; the last day compared cannot be {last_day}.")
    last = last_day or last
    found, needed = (last - first).days + 1, weeks * HORIZON_DAYS + MIN_HISTORY_DAYS
    if found < needed:
        raise CannotBacktest(
            f"The sales span {found} days, from {first} to {last}; {weeks} weeks need {needed}"
            f" ({weeks * HORIZON_DAYS} to compare and {MIN_HISTORY_DAYS} before them). Give fewer --weeks."
        )
    return first, last


def _figures(
    days: dy.DataFrame[ComparedDays], scales: dy.DataFrame[ErrorScales], forecast: _AllForecasts
) -> tuple[dict[str, Any], ...]:
    """Accuracy and costs of every model, in the order of the report."""
    accuracy = accuracy_figures(days, scales)
    return tuple(
        {
            **accuracy[name],
            "train_seconds_per_series": _train_seconds(ledger, forecast.fits),
            "predict_seconds_per_series": ledger.predict_seconds / forecast.fits,
            "fallback_share": _fallback_share(name, days),
        }
        for name, ledger in forecast.ledgers.items()
    )


def _train_seconds(ledger: _Ledger, fits: int) -> float | None:
    return sum(ledger.train_seconds) / fits if ledger.train_seconds else None


def _fallback_share(name: str, days: pl.DataFrame) -> float | None:
    if name in SYSTEMS:
        return None
    share = days.filter(pl.col("model") == name).select((pl.col("source") != name).mean()).item()
    return float(share)


def _counts(
    facts: BacktestFacts, last_day: date, scored: dy.DataFrame[ScoredDays], scales: dy.DataFrame[ErrorScales]
) -> dict[str, Any]:
    sold = facts["sales"].filter(SOLD, pl.col("sales_date") <= last_day).select(SERIES).unique()
    later = sold.height - scored.select(SERIES).n_unique()
    idle = facts["tenants"].join(scored, on="tenant_id", how="anti")
    with_scale = scored.select(SERIES).unique().join(scales.drop_nulls("mase_scale"), on=SERIES, how="semi")
    return {
        "tenants": scored["tenant_id"].n_unique(),
        "tenants_not_scored": idle["tenant_id"].sort().to_list(),
        "series": scored.select(SERIES).n_unique(),
        "series_not_scored": later,
        "series_with_mase": with_scale.height,
        "series_days": scored.height,
        "series_days_open": int(scored["is_open"].sum()),
        "series_days_sold_out_left_out": int(scored["is_sold_out"].sum()),
    }


def _system_figures(days: pl.DataFrame, training: TrainedModels) -> dict[str, Any]:
    own = days.filter(pl.col("model") == SYSTEM)
    by_source: Mapping[str, int] = dict(own.group_by("source").len().sort("source").iter_rows())
    return {"series_days_by_model": by_source, "tenants_without_trained_model": dict(training.untrained)}
