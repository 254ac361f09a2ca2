"""A small picture, as pixels.

Invariant: values only; who makes one has checked its size.
"""

import msgspec


class Icon(msgspec.Struct, frozen=True, array_like=True):
    """`pixels` are rows from the top; a pixel is red, green, blue, alpha (not premultiplied)."""

    width: int
    height: int
    pixels: bytes
