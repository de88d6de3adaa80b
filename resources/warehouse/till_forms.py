"""How a tenant's tills write numbers and dates, remembered from exports that show it for those that do not."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from bakery_assets.intake.till_dialect import UNKNOWN_FORM, TillForm
from resources.schema import ops
from resources.warehouse.connection import Warehouse

_F = ops.till_forms.c


def till_form(warehouse: Warehouse, tenant_id: str, source: str) -> TillForm:
    """What earlier exports of a source showed."""
    query = select(_F.decimal_sign, _F.date_order).where(_F.tenant_id == tenant_id, _F.source == source)
    with warehouse.engine.connect() as connection:
        found = connection.execute(query).one_or_none()
    return UNKNOWN_FORM if found is None else TillForm(*found)


def remember_form(warehouse: Warehouse, tenant_id: str, source: str, shown: TillForm) -> None:
    """Keep what an export showed; what it did not show stays as it was."""
    if shown == UNKNOWN_FORM:
        return
    values = {"decimal_sign": shown.decimal, "date_order": shown.order}
    added = insert(ops.till_forms).values(tenant_id=tenant_id, source=source, **values)
    kept = {name: func.coalesce(added.excluded[name], _F[name]) for name in values}
    with warehouse.engine.begin() as connection:
        connection.execute(
            added.on_conflict_do_update(index_elements=["tenant_id", "source"], set_={**kept, "shown_at": func.now()})
        )
