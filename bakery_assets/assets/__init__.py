"""The Dagster face of the planning day and of the marts: thin, no arithmetic."""
