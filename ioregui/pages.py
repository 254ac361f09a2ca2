"""The names of the window's pages, for the command line too. Invariant: Qt-free."""

NAMES = (
    "registry",
    "drivers",
    "extensions",
    "approvals",
    "policy",
    "events",
    "undriven",
    "compare",
)
"""From top to bottom."""
