"""Once a day: promoted models are compared with those before them, and worse ones are rolled back."""

from collections.abc import Iterator

import dagster as dg

from bakery_assets.assets.reviews import review_config, review_models
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, retrainings


@dg.schedule(
    name="model_review",
    job=review_models,
    # In the afternoon of Europe and Africa and before the evening of Asia, away from the large mornings.
    cron_schedule="30 12 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compares every promoted model with the one before it, and rolls it back if it did worse.",
)
def model_review(
    context: dg.ScheduleEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> Iterator[dg.RunRequest]:
    """One run per chunk of promotions; with nothing to review still one, which prunes old versions."""
    now = clock.now()
    size = settings().wave_size
    keys = retrainings.under_review(warehouse)
    for start in range(0, max(len(keys), 1), size):
        yield dg.RunRequest(
            run_key=f"{now.isoformat()}-{start}",
            run_config=review_config(keys[start : start + size]),
        )
