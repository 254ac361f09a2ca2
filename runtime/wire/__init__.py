"""The protocols, sans-I/O: limits, messages, codec, session."""
