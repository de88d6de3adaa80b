"""Benchmarks of speed and accuracy on real data, each with its targets: `make bench`."""
