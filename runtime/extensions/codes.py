"""OSSystemExtensionError's numbers, and the one way to refuse a bundle with one.

Source: Apple SystemExtensions.h.
Invariant: every refusal is one sentence: object, what was expected, what was found.
"""

import enum

from runtime.model.errors import BundleError


class SxCode(enum.IntEnum):
    """Apple's error numbers; the name says which check failed."""

    NONE = 0
    UNKNOWN = 1
    MISSING_ENTITLEMENT = 2
    UNSUPPORTED_PARENT_BUNDLE_LOCATION = 3
    EXTENSION_NOT_FOUND = 4
    EXTENSION_MISSING_IDENTIFIER = 5
    DUPLICATE_EXTENSION_IDENTIFIER = 6
    UNKNOWN_EXTENSION_CATEGORY = 7
    CODE_SIGNATURE_INVALID = 8
    VALIDATION_FAILED = 9
    FORBIDDEN_BY_SYSTEM_POLICY = 10
    REQUEST_CANCELED = 11
    REQUEST_SUPERSEDED = 12
    AUTHORIZATION_REQUIRED = 13


def refused(
    path: str, expected: str, found: str, *, sx_code: SxCode = SxCode.VALIDATION_FAILED
) -> BundleError:
    """Build the error for a file or folder that is not what it has to be.

    `path` may carry a key after a colon: ``Info.plist: CFBundleVersion``.
    """
    text = _printable(f"{path}: expected {expected}, found {found}")
    return BundleError(
        f"sx-{int(sx_code)}", text, path=path.split(": ", maxsplit=1)[0], sx_code=int(sx_code)
    )


def _printable(text: str) -> str:
    """Keys and names come from the bundle: what would break the line is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
