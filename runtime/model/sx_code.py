"""OSSystemExtensionError's numbers.

Source: Apple SystemExtensions.h.
Invariant: values only; the numbers are Apple's.
"""

import enum


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
