"""Registry: trained versions as rows of tables, encoded when trained and decoded when applied."""
