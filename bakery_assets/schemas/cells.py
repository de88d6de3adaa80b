"""The cells of a round: which tenants are planned for which date, on which clock and with which facts."""

import dataframely as dy

from bakery_assets.schemas import columns as col


class Cells(dy.Schema):
    """Tenants to plan, each for one local date."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned", primary_key=True)
    timezone = col.timezone()
    planned_as_of = col.instant("Planning instant; facts recorded up to it are used")
