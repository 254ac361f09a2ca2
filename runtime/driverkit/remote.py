"""`remote`: the methods of a nub that other drivers call.

    class Meter(IOService):                      # in the driver that publishes it
        Measured: ClassVar[CallbackType[[int]]] = CallbackType("Meter::Measured", value=int)

        @remote
        def Read(self, channel: int) -> int: ...

        @remote
        def Subscribe(self, action: Annotated[OSAction, Measured]) -> None: ...

The driver that matches the nub declares a class of the same name with the same methods, whose
bodies it never runs: its provider is a proxy of that class. What iig does for a C++ class, the
annotations do here: they say what crosses.
Invariant: arguments, results and callbacks' values are checked on both sides.
"""

import functools
import inspect
import os
from collections.abc import Callable
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    NamedTuple,
    ParamSpec,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
)

import msgspec
import msgspec.inspect

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnBadMessageID,
    kIOReturnMessageTooLarge,
    kIOReturnNoResources,
    kIOReturnUnsupported,
)
from runtime.driverkit.memory import IOMemoryDescriptor
from runtime.driverkit.transport import process
from runtime.model.errors import BreachError
from runtime.wire import codec, limits, service
from runtime.wire.methods import Completion

if TYPE_CHECKING:
    from runtime.driverkit.service import IOService
    from runtime.driverkit.transport import Transport

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="IOService")

_REMOTE = "__driverkit_remote__"

MakeAction = Callable[[int, "CallbackType[...]"], OSAction]
"""Makes the action that stands for one of a client's, by its number and type."""


class Declaration:
    """What crosses for one remote method.

    Raises:
        TypeError: A parameter or the result is not annotated, or with what cannot cross.
    """

    def __init__(self, method: Callable[..., object]) -> None:
        self.name = method.__name__
        self._signature = inspect.signature(method)
        hints = get_type_hints(method, include_extras=True)
        names = list(self._signature.parameters)[1:]
        missing = [name for name in (*names, "return") if name not in hints]
        if missing:
            raise TypeError(f"{method.__qualname__}: expected a type for {missing[0]}, found none")
        self.actions = {at: _callback_type(hints[name]) for at, name in enumerate(names)}
        kinds = [int if self.actions[at] else hints[name] for at, name in enumerate(names)]
        self._lends = hints["return"] is IOMemoryDescriptor
        result = tuple[int, int] if self._lends else hints["return"]
        for kind in (*kinds, result):
            _require_plain(msgspec.inspect.type_info(kind), method.__qualname__, set())
        self._arguments: codec.Decoder[tuple[Any, ...]] = codec.Decoder(
            tuple.__class_getitem__(tuple(kinds)), f"arguments of {self.name}"
        )
        self._result: codec.Decoder[Any] = codec.Decoder(result, f"result of {self.name}")

    def invoke(self, proxy: "IOService", *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - the method's
        """Call the method of the nub that a proxy stands for; its result.

        Raises:
            IOReturnError: The nub's error; kIOReturnBadMessageID: the other driver's declaration
                is another one; kIOReturnOffline: it is gone.
            TypeError: The arguments are not the method's.
        """
        bound = self._signature.bind(proxy, *args, **kwargs)
        bound.apply_defaults()
        values = list(bound.arguments.values())[1:]
        transport = proxy._transport
        expected: list[int] = []
        for at, kind in self.actions.items():
            if kind is not None:
                expected.append(_expect(proxy, values[at], kind, self.name))
                values[at] = expected[-1]
        method = service.Invoke(self.name, _encoded(values, self.name))
        try:
            if self._lends:
                return self._borrowed(transport, method)
            return self._result(transport.call(0, method))
        except IOReturnError:
            for number in expected:
                transport.forget(number)
            raise
        except BreachError as error:
            raise IOReturnError(kIOReturnBadMessageID, str(error)) from error

    def serve(self, nub: "IOService", arguments: msgspec.Raw, make: MakeAction) -> "Served":
        """Carry out a client's call on a nub.

        Raises:
            IOReturnError: What the method raises; kIOReturnBadArgument: the arguments are not its.
        """
        try:
            values = list(self._arguments(arguments))
        except BreachError as error:
            raise IOReturnError(kIOReturnBadArgument, str(error)) from error
        for at, kind in self.actions.items():
            if kind is not None:
                values[at] = make(values[at], kind)
        result = getattr(nub, self.name)(*values)
        return _shared(result, self.name) if self._lends else Served(_encoded(result, self.name))

    def _borrowed(self, transport: "Transport", method: service.Invoke) -> IOMemoryDescriptor:
        """The memory that the nub answers with; BreachError when it is none."""
        encoded, descriptor = transport.lent(method)
        memory = process().adopt(descriptor)
        offset, length = self._result(encoded)
        if not (0 <= offset < offset + length <= len(memory.mapped)):
            raise BreachError(f"{self.name}: expected a part of {len(memory.mapped)} bytes")
        return IOMemoryDescriptor(memory, offset, length)


class Served(NamedTuple):
    """What a nub answers: its result, encoded, and descriptors that go with it, the receiver's."""

    result: msgspec.Raw
    descriptors: tuple[int, ...] = ()


def remote(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Declare that other drivers may call this method of a nub.

    On the object itself it is the method. On a proxy it is a call to the other driver, which
    waits for the result. Types that cross: None, bool, int of 64 bits, float, str, bytes, list,
    tuple and dict of such, dataclasses and msgspec Structs; and ``Annotated[OSAction, TYPE]``,
    which the nub calls by ``TYPE(action, …)``, as often as it likes. A result may be an
    ``IOMemoryDescriptor``: both drivers then see the same bytes.

    Raises:
        TypeError: A parameter or the result is not annotated, or with what cannot cross.
    """
    declaration = Declaration(method)

    @functools.wraps(method)
    def call(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._entry.remote:
            result: R = declaration.invoke(self, *args, **kwargs)
            return result
        return method(self, *args, **kwargs)

    setattr(call, _REMOTE, declaration)
    return cast("Callable[Concatenate[S, P], R]", call)


def declared(nub: "IOService", name: str) -> Declaration:
    """The declaration of a nub's remote method, which an override inherits.

    Raises:
        IOReturnError: kIOReturnUnsupported, it has no such one.
    """
    for base in type(nub).__mro__:
        declaration = getattr(vars(base).get(name), _REMOTE, None)
        if isinstance(declaration, Declaration):
            return declaration
    raise IOReturnError(kIOReturnUnsupported, f"{nub.GetName()}: no remote method {name}")


def _callback_type(hint: object) -> "CallbackType[...] | None":
    """The type of an action that an annotation asks for; None for any other value."""
    base, *extras = get_args(hint) or (hint,)
    if base is not OSAction and hint is not OSAction:
        return None
    for extra in extras:
        if isinstance(extra, CallbackType):
            return extra
    raise TypeError("OSAction: expected Annotated[OSAction, TYPE], found no callback type")


def _require_plain(info: object, what: str, seen: set[int]) -> None:
    """Refuse a type that has objects in it which only this process knows."""
    if isinstance(info, msgspec.inspect.CustomType):
        raise TypeError(f"{what}: expected types that can cross, found {info.cls.__name__}")
    if isinstance(info, msgspec.inspect.Type | msgspec.inspect.Field) and id(info) not in seen:
        seen.add(id(info))
        for part in msgspec.structs.astuple(info):
            for each in cast("tuple[object, ...]", part) if isinstance(part, tuple) else (part,):
                _require_plain(each, what, seen)


def _expect(proxy: "IOService", action: object, kind: "CallbackType[...]", what: str) -> int:
    """Have an action called whenever the nub calls it; its number."""
    if not isinstance(action, OSAction):
        raise TypeError(f"{what}: expected an OSAction, found {action}")
    action.expect(kind, what)
    decode: codec.Decoder[tuple[object, ...]] = codec.Decoder(
        tuple.__class_getitem__(tuple(kind.parameters.values())), f"values of {kind.name}"
    )

    def done(completion: Completion) -> None:
        if isinstance(completion, service.CompleteInvoke):
            action.complete(*decode(completion.values))
        else:
            action.Aborted()

    transport = proxy._transport
    return transport.expect(action.name, action.queue, done, repeated=True)


def _shared(memory: object, what: str) -> Served:
    if not isinstance(memory, IOMemoryDescriptor):
        raise TypeError(f"{what}: expected memory, found {memory}")
    descriptor, offset, length = memory.share(0)
    try:
        return Served(codec.raw((offset, length)), (os.dup(descriptor),))
    except OSError as error:
        raise IOReturnError(kIOReturnNoResources, f"{what}: {error.strerror}") from error


def _encoded(value: object, what: str) -> msgspec.Raw:
    try:
        encoded = codec.raw(value)
    except (TypeError, OverflowError, msgspec.MsgspecError) as error:
        raise TypeError(f"{what}: expected a value that can cross, found {error}") from error
    if len(memoryview(encoded)) > limits.TRANSFER:
        raise IOReturnError(
            kIOReturnMessageTooLarge,
            f"{what}: expected at most {limits.TRANSFER} bytes, found {len(memoryview(encoded))}",
        )
    return encoded
