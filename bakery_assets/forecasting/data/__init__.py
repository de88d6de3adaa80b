"""Data: what a forecast knows of past days and of the days ahead, as matrices of series by days.

Nothing here is fitted; that is in ``models``.
"""
