"""Registries on their way out: every form, recordings, comparisons; and the window's process."""
