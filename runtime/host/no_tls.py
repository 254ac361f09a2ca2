"""asyncio without TLS: half of its memory, for processes that have no network.

Imported first in the zygote: every process forked from it has what it has mapped, and gives all of
it back when it dies.
Invariant: afterwards ssl can be imported as if nothing had been.
"""

import sys

sys.modules["ssl"] = None  # type: ignore[assignment]  # how Python marks what cannot be imported
import asyncio  # noqa: E402, F401  # it does without ssl where that cannot be imported

del sys.modules["ssl"]
