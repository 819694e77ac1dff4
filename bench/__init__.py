"""Benchmarks: scripts that `make bench` runs. Nothing here is shipped."""
