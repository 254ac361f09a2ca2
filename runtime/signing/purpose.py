"""What a certificate authority may vouch for.

Invariant: imports nothing heavy, so that a command line can name purposes.
"""

import enum

from runtime.signing.errors import broken


class Purpose(enum.StrEnum):
    """The five; an anchor of one vouches for no other."""

    DEVELOPER = "developer"  # code signatures
    NOTARY = "notary"  # tickets
    STORE = "store"  # countersignatures of an organisation's store
    TIMESTAMP = "timestamp"
    PROFILE = "profile"  # configuration profiles


def purpose_of(text: str) -> Purpose:
    """The purpose of a name.

    Raises:
        SignatureError: It is none.
    """
    try:
        return Purpose(text)
    except ValueError:
        raise broken("purpose", ", ".join(Purpose), text or "nothing") from None
