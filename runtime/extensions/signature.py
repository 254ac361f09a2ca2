"""What is known of a bundle's code signature.

This version checks no signatures: it says whether there is one, and trusts none. Whatever is
not trusted runs in developer mode only.
Invariant: says what it found, never what it assumes.
"""

from collections.abc import Collection

import msgspec

FOLDER = "_CodeSignature/"


class Signature(msgspec.Struct, frozen=True):
    """A bundle's signature: words for people, the signing team, and whether it is trusted."""

    words: str
    team_id: str = ""
    trusted: bool = False


NOT_SIGNED = Signature("not signed")
NOT_CHECKED = Signature("signature not checked")


def inspect(files: Collection[str]) -> Signature:
    """Look for a signature among a bundle's paths."""
    return NOT_CHECKED if any(path.startswith(FOLDER) for path in files) else NOT_SIGNED
