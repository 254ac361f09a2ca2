"""What a certificate authority may vouch for.

Invariant: imports nothing heavy, so that a command line can name purposes.
"""

import enum


class Purpose(enum.StrEnum):
    """The four; an anchor of one vouches for no other."""

    DEVELOPER = "developer"  # code signatures
    NOTARY = "notary"  # tickets
    STORE = "store"  # countersignatures of an organisation's store
    TIMESTAMP = "timestamp"
