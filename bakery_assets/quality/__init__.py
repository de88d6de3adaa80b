"""The data-quality gate: whether a tenant's sales are fit to train on, which rows are not, and why.

``suites`` states what is expected, within the limits of ``thresholds``; ``check_tables`` computes the tables that are
checked; ``run_suites`` calls Great Expectations; ``findings`` and ``gate`` say what follows for each tenant.
"""

from bakery_assets.quality.findings import level_shifts
from bakery_assets.quality.gate import evaluate_sales_checks

__all__ = ["evaluate_sales_checks", "level_shifts"]
