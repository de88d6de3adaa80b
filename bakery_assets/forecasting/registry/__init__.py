"""Registry: trained versions as rows of tables, encoded after training and decoded before they are applied.

How they get into the database, and which version is champion, is in ``resources.warehouse``.
"""
