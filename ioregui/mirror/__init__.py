"""Qt-free copy of the runtime's state, rebuilt from a snapshot and deltas."""
