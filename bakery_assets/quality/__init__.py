"""The data-quality gate: whether a tenant's sales are fit to train on, which rows are not, and why.

``thresholds`` has every line that is drawn, with its reason; ``rules`` what is expected; ``suite`` calls Great
Expectations.
"""

from bakery_assets.quality.checked import checked_sales
from bakery_assets.quality.judge import gate, judge_sales
from bakery_assets.quality.suite import run_suite

__all__ = ["checked_sales", "gate", "judge_sales", "run_suite"]
