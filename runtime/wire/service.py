"""Methods of a driver's services, nubs included, on its control socket.

A driver calls those of its own entries, where a call's target is the entry that it is about; the
runtime calls those of the driver, where the target is the driver's service and `entry` names the
service or a nub of it. A program's user client is in `runtime.wire.methods`.
Source: IOService.iig, IOServiceNotificationDispatchSource.iig; xnu IOUserServer.cpp.
Invariant: values only, no I/O.
"""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from runtime.wire.limits import FRAMES, Name, Number
from runtime.wire.method import MethodBase as _Method

KEYS = 64  # properties that one call names
BUSY = 1 << 15  # by which one call changes a busy count

Classes = Annotated[tuple[Name, ...], Meta(max_length=FRAMES)]
Keys = Annotated[tuple[Name, ...], Meta(max_length=KEYS)]
Delta = Annotated[int, Meta(ge=-BUSY, le=BUSY)]

# --- of a driver's own entry, called by the driver ---------------------------------------------


class Create(_Method, frozen=True, tag="IOService.Create"):
    """Attach a nub below the service, as a dictionary of its properties says. Result: its entry.

    `classes` is the class chain of the object, leaf first.
    """

    RESULT: ClassVar[type] = int
    key: Name
    classes: Classes


class Terminate(_Method, frozen=True, tag="IOService.Terminate"):
    """Take a nub away with whatever is on it; the driver itself stops where it is the service."""


class SetName(_Method, frozen=True, tag="IOService.SetName"):
    """Name the entry."""

    name: Name


class RemoveProperty(_Method, frozen=True, tag="IOService.RemoveProperty"):
    """Take a property off the entry; one that is not there is none."""

    name: Name


class SearchProperty(_Method, frozen=True, tag="IOService.SearchProperty"):
    """A property of `entry`, the target's own or one above it, or of those above that in a plane.

    Result: a dictionary of that one property, encoded by `runtime.model.properties`.
    """

    RESULT: ClassVar[type] = msgspec.Raw
    entry: Number
    name: Name
    plane: Name
    parents: bool


class CopyProviderProperties(_Method, frozen=True, tag="IOService.CopyProviderProperties"):
    """Properties of `entry` and of each entry above it; all of them where no keys are named.

    Result: a dictionary with an array of dictionaries in `PROVIDERS`, encoded.
    """

    RESULT: ClassVar[type] = msgspec.Raw
    entry: Number
    keys: Keys = ()


PROVIDERS = "providers"


class AdjustBusy(_Method, frozen=True, tag="IOService.AdjustBusy"):
    """Change the entry's busy count."""

    delta: Delta


class GetBusyState(_Method, frozen=True, tag="IOService.GetBusyState"):
    """The busy count of `entry`, the target's own or one above it."""

    RESULT: ClassVar[type] = int
    entry: Number


class WatchServices(_Method, frozen=True, tag="IOServiceNotificationDispatchSource.Create"):
    """Be told of services that match a dictionary (encoded); `watch` is the driver's own number."""

    watch: Number
    matching: msgspec.Raw


class UnwatchServices(_Method, frozen=True, tag="IOServiceNotificationDispatchSource.Cancel"):
    """Be told no more."""

    watch: Number


class JoinPMTree(_Method, frozen=True, tag="IOService.JoinPMTree"):
    """Have a nub told of the machine's power, as the service itself always is."""


class ChangePowerState(_Method, frozen=True, tag="IOService.ChangePowerState"):
    """Have the entry's power changed; `SetPowerState` follows."""

    flags: Number


OwnMethod = (
    Create
    | Terminate
    | SetName
    | RemoveProperty
    | SearchProperty
    | CopyProviderProperties
    | AdjustBusy
    | GetBusyState
    | WatchServices
    | UnwatchServices
    | JoinPMTree
    | ChangePowerState
)

# --- of the driver, called by the runtime ------------------------------------------------------


class SetPowerState(_Method, frozen=True, tag="IOService.SetPowerState"):
    """`SetPowerState(flags)` of the service or a nub; its return is the acknowledgement."""

    entry: Number
    flags: Number


class ServeClient(_Method, frozen=True, tag="IOService.ServeClient"):
    """Another driver has `entry` as its provider: serve it.

    Beside it comes one descriptor: the end of a provider socket, whose other end is the client's.
    `client` and `name` are of the client's service.
    """

    entry: Number
    client: Number
    name: Name


DriverMethod = SetPowerState | ServeClient

# --- of a nub as provider, called by the driver on it ------------------------------------------


class Invoke(_Method, frozen=True, tag="IOService.Invoke"):
    """Call a remote method of a nub by its name.

    `arguments` is an array, and the result a value, that both drivers' declarations type.
    """

    RESULT: ClassVar[type] = msgspec.Raw
    name: Name
    arguments: msgspec.Raw


class CompleteInvoke(msgspec.Struct, frozen=True, array_like=True, tag="CompleteInvoke"):
    """A nub calls back: an array of the values that the callback's declaration types."""

    status: ClassVar[int] = 0  # as every completion has one; this one cannot fail
    values: msgspec.Raw


Method = OwnMethod | DriverMethod | Invoke
