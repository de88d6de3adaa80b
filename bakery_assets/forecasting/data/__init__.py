"""Data: what a forecast knows of the past and of the days ahead, as matrices of series by days."""
