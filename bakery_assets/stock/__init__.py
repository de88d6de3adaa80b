"""Stock: a ledger of movements derived from facts and the plan of record, and stock by lot as their sum.

Events of each kind are made from facts (``recorded``, ``sales``), from batches (``batches``, ``consumption``), settled
into lots (``settling``, ``actions``, ``book``), and put together as the stage ``stock_movements`` (``ledger``).
"""

from bakery_assets.stock.ledger import keep_ledger

__all__ = ["keep_ledger"]
