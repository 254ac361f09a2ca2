"""The name of a bundle's content.

Invariant: equal archives have equal hashes, and nobody finds two archives with one hash.
"""

import hashlib

from runtime.model.identity import ContentHash


def content_hash(data: bytes) -> ContentHash:
    """SHA-256 of an archive's bytes as 64 lower-case hex digits."""
    return ContentHash(hashlib.sha256(data).hexdigest())
