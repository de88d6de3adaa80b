"""Events of plans, orders and deliveries, appended in the transaction of what they tell.

Their attributes are those of CloudEvents 1.0; that they reach others is not looked after here.
"""

import dataframely as dy
import polars as pl

from bakery_assets.schemas.new_events import NewEvents
from resources.schema.plans import events
from resources.warehouse.connection import Bulk, frame_schema, insert_from

SOURCE = "/bakery_assets"


def append_events(bulk: Bulk, new_events: dy.DataFrame[NewEvents]) -> int:
    """Append events that are not there yet, all in one statement; how many were new.

    An event's id is its type, subject and occasion; its source has the tenant, so that both together are unique. Two
    who write the same event at the same time write one.
    """
    if new_events.is_empty():
        return 0
    named = new_events.with_columns(
        event_id=pl.concat_str("type", "subject", "occasion", separator="/"),
        source=pl.concat_str(pl.lit(f"{SOURCE}/"), "tenant_id"),
    ).unique(["tenant_id", "event_id"], keep="first", maintain_order=True)
    types = frame_schema(events)
    bulk.run("DROP TABLE IF EXISTS new_events")
    bulk.put("new_events", named.select(pl.col(name).cast(kind) for name, kind in types.items()), analyzed=False)
    return bulk.run(f"{insert_from('new_events', events, list(types))} ON CONFLICT DO NOTHING")
