"""How far the system is ahead of each baseline, and whether that could be chance."""

from collections.abc import Mapping, Sequence
from typing import Any

import dataframely as dy
import polars as pl

from bakery_assets import metrics
from bakery_assets.backtesting.bootstrap import Interval, ratio_interval
from bakery_assets.backtesting.scores import SHOWS_DEMAND, ComparedDays
from bakery_assets.keys import SERIES
from bakery_assets.metrics import QUANTILE_LEVELS

DAY = [*SERIES, "origin", "date"]
FIGURES = ["forecast", *QUANTILE_LEVELS]
OTHER = "_baseline"


def skill_scores(days: dy.DataFrame[ComparedDays], model: str, baselines: Sequence[str]) -> list[dict[str, Any]]:
    """How far ``model`` is ahead of each baseline; the best baseline, by WAPE of open days, comes first.

    Returns:
        One mapping a baseline. ``lead``: 1 - WAPE / the baseline's WAPE, of all days; ``lead_open``: of open days.
        ``lead_pinball``: the same of the pinball loss, the mean over all five levels, of the ``pinball_days``, the open
        days for which both have them. ``lead_open_interval``, ``lead_pinball_interval``: a bootstrap over whole weeks
        (``bootstrap``). Above 0 the model is ahead; None where there is nothing to divide by. Source: the forecast
        skill score of Murphy (1988), Skill scores based on the mean square error and their relationships to the
        correlation coefficient, Monthly Weather Review 116.
    """
    own = days.filter(pl.col("model") == model)
    pairs = [(name, _paired(own, days.filter(pl.col("model") == name))) for name in baselines]
    open_wape = {name: pair.filter("is_open").select(metrics.wape(f"forecast{OTHER}")).item() for name, pair in pairs}
    ordered = sorted(pairs, key=lambda pair: (open_wape[pair[0]] is None, open_wape[pair[0]] or 0.0))
    return [{"baseline": name, **_lead(pair)} for name, pair in ordered]


def _paired(own: pl.DataFrame, baseline: pl.DataFrame) -> pl.DataFrame:
    """One row a day, with the figures of both, the baseline's with ``OTHER``; every model has the same days."""
    shown = own.filter(SHOWS_DEMAND)
    return shown.join(baseline.select(*DAY, *FIGURES), on=DAY, suffix=OTHER, maintain_order="left")


def _lead(pair: pl.DataFrame) -> dict[str, Any]:
    open_days = pair.filter("is_open")
    with_quantiles = open_days.filter(
        pl.all_horizontal(pl.col(f"{name}{suffix}").is_not_null() for name in QUANTILE_LEVELS for suffix in ("", OTHER))
    )
    lead, _ = _skill(pair, metrics.absolute_error_sum("forecast"), metrics.absolute_error_sum(f"forecast{OTHER}"))
    lead_open, interval = _skill(
        open_days, metrics.absolute_error_sum("forecast"), metrics.absolute_error_sum(f"forecast{OTHER}")
    )
    levels = {name: _skill(with_quantiles, *_losses({name: level}))[0] for name, level in QUANTILE_LEVELS.items()}
    lead_pinball, pinball_interval = _skill(with_quantiles, *_losses(QUANTILE_LEVELS))
    return {
        "lead": lead,
        "lead_open": lead_open,
        "lead_open_interval": interval,
        "lead_pinball": lead_pinball,
        "lead_pinball_interval": pinball_interval,
        "lead_pinball_by_level": levels,
        "pinball_days": with_quantiles.height,
    }


def _losses(levels: Mapping[str, float]) -> tuple[pl.Expr, pl.Expr]:
    """Sums of both models' pinball loss at ``levels``."""
    return metrics.pinball_sum(levels), metrics.pinball_sum({f"{name}{OTHER}": each for name, each in levels.items()})


def _skill(days: pl.DataFrame, own: pl.Expr, baseline: pl.Expr) -> tuple[float | None, Interval | None]:
    """1 - sum of ``own`` / sum of ``baseline``, and its interval over weeks."""
    weeks = days.group_by("origin").agg(own=own, baseline=baseline).sort("origin")
    share = weeks.select(metrics.ratio(pl.col("own").sum(), pl.col("baseline").sum())).item()
    interval = ratio_interval(weeks["own"], weeks["baseline"])
    return None if share is None else 1 - share, None if interval is None else (1 - interval[1], 1 - interval[0])
