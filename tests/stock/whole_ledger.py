"""The ledger's stage with all of its movements, not only those of the last days."""

import dataframely as dy
import polars as pl

from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.stages import Stage
from bakery_assets.stock.ledger import LedgerInputs, LedgerTables, derive, is_unexplained, keep_ledger, movements


def keep_whole_ledger(cells: dy.DataFrame[Cells], inputs: LedgerInputs) -> LedgerTables:
    """As ``keep_ledger``; what is unexplained is that of the whole ledger, too."""
    ledger = derive(cells, inputs)
    own = keep_ledger(cells, inputs)
    whole = [*ledger.before, *ledger.after]
    unexplained = pl.concat([each.unexplained for each in whole]).filter(is_unexplained())
    dated = unexplained.join(cells.select("tenant_id", "plan_date"), on="tenant_id").rename({"amount": "taken"})
    key = ["tenant_id", "plan_date", "item_kind", "item_id", "location_id", "source", "happened_at"]
    added = dated.group_by(key).agg(quantity=pl.col("taken").sum()).sort(key)
    return LedgerTables(
        stock_movements=movements(ledger, whole),
        stock_balances=own["stock_balances"],
        unexplained_usage=conform(plans.UnexplainedUsage, added),
        stock_closing_balances=own["stock_closing_balances"],
    )


LEDGER = Stage.of(keep_whole_ledger)
