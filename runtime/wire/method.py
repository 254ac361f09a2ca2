"""What all methods have in common, whatever object they are of.

Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec


class MethodBase(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag_field="t"
):
    """A method's arguments; RESULT is the type of its result."""

    RESULT: ClassVar[type] = type(None)
