"""Which days a cell validates, as SQL: the mirror of ``bakery_assets.validation.validation_days``, stated only here.

The rule and its constants are said there in words; a test holds these queries and the frames of that module to the
same days. Arguments are SQL expressions of a tenant and a date; their tables must not be called ``c`` or ``n``.
"""
# ruff: noqa: S608 - arguments are names of columns

from bakery_assets.validation.validation_days import LOOK_BACK_DAYS


def is_closed(tenant: str, day: str) -> str:
    """Condition: the tenant's calendar closes the whole bakery on ``day``."""
    return (
        f"EXISTS (SELECT FROM ops.calendar c WHERE c.tenant_id = {tenant} AND c.date = {day}"
        " AND c.kind = 'closed' AND c.product_id IS NULL)"
    )


def validating_cell(tenant: str, day: str) -> str:
    """Query of one row: ``plan_date`` of the cell that validates ``day``, planned or not.

    It is the next open day; after a longer break the very next day.
    """
    return (
        f"SELECT coalesce(min({day} + n), {day} + 1) AS plan_date"
        f" FROM generate_series(1, {LOOK_BACK_DAYS}) n WHERE NOT {is_closed(tenant, f'{day} + n')}"
    )
