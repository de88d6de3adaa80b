"""Intake: files that others give us, read row by row, with every row that cannot be used set apart and explained.

Pure: files and table descriptions in, frames out. What is done to the database is in resources/warehouse/intake.py.
"""
