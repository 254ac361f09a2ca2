"""Benchmarks: each runs a peer and ours in one run and states the ratio."""
