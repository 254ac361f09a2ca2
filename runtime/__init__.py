"""The driver runtime: registry, matching, extensions, supervision. Imports nothing."""
