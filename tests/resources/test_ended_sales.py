"""Planning a day long after the last sale says which day to look at."""

from datetime import UTC, date, datetime
from pathlib import Path

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from resources.warehouse.intake import load_folder
from resources.warehouse.tenants import ended_sales


def test_only_sales_that_ended_before_what_is_waited_for_are_reported(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "tenants.csv").write_text(
        "tenant_id,name,timezone,country\nold,Old,UTC,GB\nnew,New,UTC,GB\nnone,No,UTC,GB\n"
    )
    (tmp_path / "products.csv").write_text("tenant_id,product_id,name\nold,bun,Bun\nnew,bun,Bun\n")
    (tmp_path / "sales.csv").write_text(
        "tenant_id,product_id,sales_date,quantity\nold,bun,2022-09-30,3\nold,bun,2022-09-29,3\nnew,bun,2026-03-01,3\n"
    )
    load_folder(warehouse, tmp_path, now=datetime(2026, 3, 10, tzinfo=UTC))
    today = [Cell(tenant, date(2026, 3, 10)) for tenant in ("old", "new", "none")]
    assert ended_sales(warehouse, today, 14) == {Cell("old", date(2026, 3, 10)): date(2022, 9, 30)}
    assert ended_sales(warehouse, [Cell("old", date(2022, 10, 1))], 14) == {}
    assert ended_sales(warehouse, [], 14) == {}
