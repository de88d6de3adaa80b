"""The schema, versioned; resources.warehouse.migrate applies it."""
