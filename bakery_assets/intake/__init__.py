"""Intake: reading tables from files and tills' exports; rows that cannot be used are reported with the reason.

``file_rows`` takes a file through all rules: its reader (``delimited``, ``parquet``, ``spreadsheet``, ``till``),
``parsing``, ``meaning``, ``references`` and ``records``. Of a till's export ``till_layout`` finds the table in its
file, ``till_profiles`` the till, ``till_columns`` the columns and ``till_dialect`` how values are written;
``till_lines`` reads its lines, and ``till`` sums them up. Pure: files, table specs and known rows in, frames out. The
rows are stored by ``resources.warehouse.intake``, and handed to a backtest by ``resources.folder``.
"""
