"""Registries written to files, by a process of its own."""
