"""Once a day rebuilds the marts and runs their tests over all plans, and deletes what is kept no longer.

How dbt runs is in ``assets.marts``, what is deleted in ``assets.retention``.
"""

import dagster as dg

from bakery_assets.assets.marts import build_marts

# Marts are views, so their figures are always current; the daily build is for their tests and for
# changes of their SQL. At noon in UTC no large group of bakeries is due for planning.
housekeeping = dg.ScheduleDefinition(
    name="housekeeping",
    job=build_marts,
    cron_schedule="0 12 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Builds and tests the marts, and deletes what is kept no longer.",
)
