"""The window's copy of the runtime's state, rebuilt from a snapshot and deltas.

Invariant: knows nothing of Qt and nothing of how the messages came.
"""

from ioregui.mirror.changes import Changes
from ioregui.mirror.mirror import Mirror, Past

__all__ = ["Changes", "Mirror", "Past"]
