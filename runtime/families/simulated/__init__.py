"""Simulated USB: a controller, its ports, and devices that behave like hardware."""
