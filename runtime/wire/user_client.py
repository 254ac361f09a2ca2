"""Messages of a program with the user client of a driver that it has opened, on SEQPACKET.

The runtime makes the pair and gives one end to each; nothing of it passes through the runtime. The
program sends `Invoke`s and `MapMemory`s, each answered by exactly one `Returned`, `Mapped` or
`Failed` with its number; `Completed` comes once for each asynchronous call that was `Returned`. End
of file from either side: the other one is gone.
Neither side trusts the other: what is not of this protocol ends the connection and nothing else.
Source: IOUserClient.iig, IOKitUser's IOKitLib.h.
Invariant: values only, no I/O.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from runtime.wire.limits import MEMORY, TRANSFER, Number, Payload, Text

SCALARS = 16  # in one call, each way; Apple's kIOUserClientScalarArraySizeMax
ASYNC_VALUES = 16  # of one completion; Apple's kIOUserClientAsyncArgumentsCountMax

Scalar = Annotated[int, Meta(ge=0)]  # the encoding holds it below 2**64
Scalars = Annotated[tuple[Scalar, ...], Meta(max_length=SCALARS)]


class _Strict(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag_field="t"
):
    """Base of every message here: unknown fields are refused."""


class Invoke(_Strict, frozen=True, tag="invoke"):
    """Call an external method.

    `scalar_outputs` and `structure_output` are the most that the program takes. `completion` 0:
    the call is synchronous; else the program's number for its end, unused among the open ones.
    """

    number: Number
    selector: Number
    scalars: Scalars = ()
    structure: Payload = b""
    scalar_outputs: Annotated[int, Meta(ge=0, le=SCALARS)] = 0
    structure_output: Annotated[int, Meta(ge=0, le=TRANSFER)] = 0
    completion: Number = 0


class MapMemory(_Strict, frozen=True, tag="map"):
    """Share the memory or the data queue of a type."""

    number: Number
    type: Number


class Returned(_Strict, frozen=True, tag="returned"):
    """The method succeeded."""

    number: Number
    scalars: Scalars = ()
    structure: Payload = b""


class Failed(_Strict, frozen=True, tag="failed"):
    """The call failed: a kern_return_t and, where there is more to say, a sentence."""

    number: Number
    code: Number
    text: Text = ""


class Mapped(_Strict, frozen=True, tag="mapped"):
    """Memory to map: a descriptor comes beside it, a second one when it is a data queue.

    `offset` and `length` are of the part that is meant.
    """

    number: Number
    offset: Annotated[int, Meta(ge=0, le=MEMORY)]
    length: Annotated[int, Meta(ge=0, le=MEMORY)]
    read_only: bool = False


class Completed(_Strict, frozen=True, tag="completed"):
    """An asynchronous call has ended: its number for that, a kern_return_t and values."""

    completion: Number
    status: Number
    values: Annotated[tuple[Scalar, ...], Meta(max_length=ASYNC_VALUES)] = ()


FromProgram = Invoke | MapMemory
ToProgram = Returned | Failed | Mapped | Completed
