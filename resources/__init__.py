"""What touches the world: PostgreSQL, Dagster's storage, the clock."""
