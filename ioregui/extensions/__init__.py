"""Installed extensions."""
