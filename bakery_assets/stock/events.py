"""Stock events: what facts and the record say happened to items, in the one form that ``settling`` settles into lots.

Each other module makes the events of one kind of fact. What an event does to which lots is decided in ``actions``.
"""

from enum import IntEnum

import dataframely as dy

from bakery_assets.schemas import columns as col
from bakery_assets.schemas.plans import ITEM_KINDS


class Action(IntEnum):
    """What an event does; of events at one instant those of the smaller number come first.

    What comes in is there before anything is taken, and a count sees all that happened up to its instant.
    """

    RECEIVE = 0  # into the lot, which expires with the first of what it holds
    PRODUCE = 1
    BEGIN = 2  # an intermediate is begun, as much as stock that nothing else has been promised leaves open
    TAKE_BACK = 3  # into the lot that came last
    TRANSFER = 4
    CONSUME = 5
    SELL = 6
    DISCARD = 7
    SEND_BACK = 8  # to the supplier
    EXPECT_SALE = 9  # what is only expected to be sold; facts of the same instant come first
    COUNT_LOT = 10
    COUNT_ITEM = 11


class StockEvents(dy.Schema):
    """What happened to items; quantities are in the item's unit."""

    tenant_id = col.key_text("The bakery")
    item_kind = col.choice("What it is", ITEM_KINDS)
    item_id = col.key_text("Product, recipe of the intermediate, or ingredient")
    location_id = col.key_text("Where it happened")
    happened_at = col.instant("When")
    action = dy.Int8(description="An Action")
    quantity = col.number("How much; of a count what was found")
    wasted = col.number("What a batch made beyond that and threw away when it was ready")
    lot_id = col.text("The lot; empty: any, by the tenant's way of issuing", nullable=True)
    new_lot_id = col.text("Lot of what has to have been there though nothing else says so", nullable=True)
    expires_on = col.date("Last day of the lot; empty: none is known", nullable=True)
    other_location_id = col.text(
        "Where a transfer goes; where else is taken from what the location does not have", nullable=True
    )
    takes_anywhere = col.boolean("What the location does not have is taken from any other")
    takes_back = col.boolean(
        "What the book of here does not have is taken from other locations before it has to be made up for"
    )
    is_raised = col.boolean("What is taken beyond the book is taken to have been made; otherwise it is unexplained")
    made_on = col.date("Schedule date of what is made for it then", nullable=True)
    source = col.key_text("The facts or the batch it comes from")
    is_assumed = col.boolean("No fact says so")
