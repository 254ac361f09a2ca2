"""Drivers with their processes, states and restarts, and the selected driver's log."""
