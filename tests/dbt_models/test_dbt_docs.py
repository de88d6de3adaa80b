"""dbt's documentation of the marts."""

from pathlib import Path

from bakery_assets.assets.dbt_docs import write_page
from resources.warehouse import Warehouse


def test_the_page_says_what_a_mart_means_and_what_the_database_has(warehouse: Warehouse, tmp_path: Path) -> None:
    page = tmp_path / "docs" / "dbt.html"

    write_page(warehouse.url, page)

    text = page.read_text(encoding="utf-8")
    assert "One row per bakery and local date" in text
    assert '"source.bakery.plans.demand_forecasts": {"metadata": {"type": "VIEW"' in text
    assert "INLINE DATA" not in text, "the page needs no other file"
    assert list(page.parent.iterdir()) == [page]
