"""What is due by the clock; thin, over pure functions."""
