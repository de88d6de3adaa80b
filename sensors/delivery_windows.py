"""Watches delivery windows: alerts about deliveries and orders that are due are kept up to date every minute.

What they say, and when, is decided in ``bakery_assets.deliveries``. Orders and receipts that apps have inserted become
events in the same tick.
"""

import dagster as dg

from resources.clock import Clock
from resources.warehouse import Warehouse
from resources.warehouse.deliveries import watch_deliveries
from resources.warehouse.delivery_events import announce_since


@dg.sensor(
    name="delivery_windows",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of deliveries that arrive soon, are overdue or not recorded as received, and of orders whose"
    " time to order is nearly over.",
)
def delivery_windows(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SkipReason:
    """Bring these alerts up to date; a tick that is missed changes nothing, since thresholds are instants.

    The cursor is the transaction from which rows are still to become events.
    """
    context.update_cursor(str(announce_since(warehouse, int(context.cursor) if context.cursor else None)))
    changed = watch_deliveries(warehouse, clock.now())
    return dg.SkipReason(f"{changed} alerts about deliveries have changed." if changed else "Nothing has changed.")
