"""Messages to bytes and back: the only module that knows the encoding (MessagePack).

Invariant: no I/O, no state; every error of a decoder becomes `BreachError`.
"""

from collections.abc import Callable
from typing import Generic, TypeVar, cast

import msgspec

from runtime.model.errors import BreachError

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder()

encode: Callable[[object], bytes] = _encoder.encode
"""Encode one message or value. OverflowError: an integer in it has more than 64 bits."""


def raw(value: object) -> msgspec.Raw:
    """Encode a value that travels inside another message and is decoded later."""
    return msgspec.Raw(_encoder.encode(value))


class Decoder(Generic[T]):
    """Decodes one type, and names it in its complaints."""

    def __init__(self, kind: object, name: str) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(cast("type[T]", kind))
        self._name = name

    def __call__(self, data: bytes | memoryview | msgspec.Raw) -> T:
        """Decode one value.

        Raises:
            BreachError: The bytes are not of the type, or a length in it is out of bounds.
        """
        try:
            return self._decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BreachError(f"{self._name}: {error}") from error
