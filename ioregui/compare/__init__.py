"""Two registries compared: files, moments, and now."""
