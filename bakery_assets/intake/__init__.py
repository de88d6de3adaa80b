"""Intake: files of others, read row by row; rows that cannot be used are quarantined with their reason.

Pure: files and table descriptions in, frames out. What is done to the database is in resources/warehouse/intake.py.
"""
