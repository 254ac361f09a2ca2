"""Running drivers: child lifecycle, restart policy, quarantine."""
