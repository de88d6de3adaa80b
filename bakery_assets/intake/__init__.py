"""Intake: reading tables from files and tills' exports; rows that cannot be used are reported with the reason.

``file_rows`` takes a file through all rules: its reader (``delimited``, ``parquet``, ``till``), ``parsing``,
``references`` and ``records``. Pure: files, table specs and known rows in, frames out. The rows are stored by
``resources.warehouse.intake``, and handed to a backtest by ``resources.folder``.
"""
