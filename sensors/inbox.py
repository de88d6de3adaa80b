"""Imports the till files that are put into the drop folder; what is taken, and how, is in ``resources.inbox``."""

import dagster as dg

from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse


@dg.sensor(
    name="inbox",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Imports till files that lie in BAKERY_INBOX/<tenant>/ and have stopped growing, and moves them to done"
    " or refused with a report next to them.",
)
def inbox(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SkipReason:
    """Take the files of one tick; no run is needed for it."""
    folder = settings().inbox
    if folder is None:
        return dg.SkipReason("BAKERY_INBOX is not set.")
    if not folder.is_dir():
        return dg.SkipReason(f"BAKERY_INBOX is {folder}, which is no folder.")
    from resources.inbox import take_files  # where there is no inbox, the code location need not load the readers

    tick = take_files(warehouse, folder, context.cursor, clock.now)
    context.update_cursor(tick.cursor)
    for line in tick.taken:
        context.log.info(line)
    said = [*tick.taken, *(f"Left: {line}." for line in tick.left)]
    return dg.SkipReason("\n".join(said)[:2_000] or "No file has stopped growing since the last tick.")
