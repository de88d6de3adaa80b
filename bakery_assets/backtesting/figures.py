"""All figures of accuracy of compared forecasts, of one window or of several together; see docs/backtesting.md."""

from typing import Any

import dataframely as dy

from bakery_assets.backtesting.baselines import BASELINES
from bakery_assets.backtesting.coverage import coverage_by_kind
from bakery_assets.backtesting.scores import ComparedDays, pinball_by_level, score
from bakery_assets.backtesting.series import ErrorScales
from bakery_assets.backtesting.skill import skill_scores

SYSTEM = "system"  # what the project would use: the forecast made in the morning
EVENING = "system_evening"  # the one made the evening before, when the last day is not reported yet
SYSTEMS = (SYSTEM, EVENING)


def accuracy_figures(days: dy.DataFrame[ComparedDays], scales: dy.DataFrame[ErrorScales]) -> dict[str, dict[str, Any]]:
    """Every model's accuracy.

    Returns:
        By model, in the order of ``days``: ``model``, ``scores.SCORES``, ``coverage_by_level`` and ``coverage_by_kind``
        (see ``coverage``), ``pinball_by_level`` (see ``scores``), and of a system ``skill`` against the baselines (see
        ``skill``).
    """
    coverage, pinball = coverage_by_kind(days), pinball_by_level(days)
    scores = {row["model"]: row for row in score(days, scales).iter_rows(named=True)}
    models = days["model"].unique(maintain_order=True).to_list()
    baselines = [name for name in BASELINES if name in models]
    return {
        name: {
            **scores[name],
            "coverage_by_level": coverage[name]["all"]["levels"],
            "coverage_by_kind": coverage[name],
            "pinball_by_level": pinball[name],
            **({"skill": skill_scores(days, name, baselines)} if name in SYSTEMS else {}),
        }
        for name in models
    }
