"""Starts the review of promoted models once a day; how versions are compared is in ``bakery_assets.retraining``."""

from collections.abc import Iterator

import dagster as dg

from bakery_assets.assets.reviews import review_config, review_models
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, retrainings


@dg.schedule(
    name="model_review",
    job=review_models,
    # In the afternoon of Europe and Africa and before the evening of Asia, away from the large planning waves.
    cron_schedule="30 12 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compares every promoted model with the one before it, and rolls it back if it did worse.",
)
def model_review(
    context: dg.ScheduleEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> Iterator[dg.RunRequest]:
    """One run per batch of promotions; without any still one, which deletes versions that are no longer needed."""
    now = clock.now()
    size = settings().training_size
    keys = retrainings.under_review(warehouse)
    for start in range(0, max(len(keys), 1), size):
        yield dg.RunRequest(
            run_key=f"{now.isoformat()}-{start}",
            run_config=review_config(keys[start : start + size]),
        )
