"""USB devices of the machine."""
