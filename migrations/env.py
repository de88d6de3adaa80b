"""Alembic's environment: runs on the connection that resources.warehouse.migrate hands over."""

from alembic import context

from resources.schema import metadata
from resources.warehouse.migrate import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
