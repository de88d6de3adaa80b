"""Events of plans, orders and deliveries, appended in the transaction of what they tell.

Their attributes are those of CloudEvents 1.0; that they reach others is not looked after here.
"""

import dataframely as dy
import polars as pl

from bakery_assets.schemas.news import News
from resources.schema.plans import events
from resources.warehouse.connection import Bulk, frame_schema, insert_from

SOURCE = "/bakery_assets"


def append_events(bulk: Bulk, news: dy.DataFrame[News]) -> int:
    """Append events that are not there yet, all in one statement; how many were new.

    An event's id is its type, subject and occasion; its source has the tenant, so that both together are unique. Two
    who write the same event at the same time write one.
    """
    if news.is_empty():
        return 0
    named = news.with_columns(
        event_id=pl.concat_str("type", "subject", "occasion", separator="/"),
        source=pl.concat_str(pl.lit(f"{SOURCE}/"), "tenant_id"),
    ).unique(["tenant_id", "event_id"], keep="first", maintain_order=True)
    types = frame_schema(events)
    bulk.run("DROP TABLE IF EXISTS news")
    bulk.put("news", named.select(pl.col(name).cast(kind) for name, kind in types.items()), analyzed=False)
    return bulk.run(f"{insert_from('news', events, list(types))} ON CONFLICT DO NOTHING")
