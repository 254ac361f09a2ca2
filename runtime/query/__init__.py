"""Pure questions about a registry: search and comparison."""
