"""What is due because something happened; thin, over pure functions."""
