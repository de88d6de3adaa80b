"""What tables and frames contain: columns, types, units, keys and rules, said once as dataframely schemas.

Frames, SQL tables (``resources.schema``), the loader, Dagster's column descriptions and the data contract follow from
these classes. ``ops`` has what others write, ``plans`` what we write, ``cells`` the cells of a round. ``conform``
gives frames the form of their schema and names the tenants whose rows break a rule.
"""

from bakery_assets.schemas import ops, plans
from bakery_assets.schemas.cells import Cells
from bakery_assets.schemas.conform import conform, failing_tenants, table_name

__all__ = ["Cells", "conform", "failing_tenants", "ops", "plans", "table_name"]
