"""New events: what they say, before they have an id and a source; rows of ``plans.events`` are made of them."""

import dataframely as dy

from bakery_assets.schemas import columns as col
from bakery_assets.schemas import plans


class NewEvents(dy.Schema):
    """What happened; ``occasion`` is what distinguishes events of one type and subject."""

    tenant_id = col.key_text("The bakery")
    type = plans.Events.type
    subject = plans.Events.subject
    occasion = col.key_text("Which time it happened: a version, a decision, a receipt; the same for a retry")
    time = plans.Events.time
    data = plans.Events.data
