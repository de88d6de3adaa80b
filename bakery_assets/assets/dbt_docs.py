"""dbt's documentation of the marts as one page: ``python -m bakery_assets.assets.dbt_docs`` writes it and prints where.

The page joins what the project says with what the database has: it needs the warehouse, the one that every command
uses, and changes nothing in it. Models that have not been built yet are on it without the database's part.
"""

import sys
import tempfile
from pathlib import Path

from bakery_assets.assets.dbt_project import dbt_environment, run_dbt
from bakery_assets.settings import PROJECT, settings
from resources.postgres import open_databases

PAGE = PROJECT / "build" / "docs" / "dbt.html"


def write_page(warehouse_url: str, page: Path = PAGE) -> None:
    """Write the page; it holds all it shows and needs no server.

    Raises:
        DbtError: dbt cannot read the project or the warehouse.
    """
    page.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=page.parent) as target:
        run_dbt("docs", "generate", "--static", target=Path(target), environment=dbt_environment(warehouse_url))
        (Path(target) / "static_index.html").replace(page)


if __name__ == "__main__":
    write_page(open_databases(settings()).warehouse)
    sys.stdout.write(f"{PAGE}\n")
