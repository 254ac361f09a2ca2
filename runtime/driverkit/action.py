"""`OSAction`: a callback of a driver, typed, as a value that I/O calls are given.

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, actualByteCount, completionTimestamp): ...

    action = self.CreateAction(self.ReadComplete)

The decorator is iig's ``TYPE(IOUSBHostPipe::CompleteAsyncIO)``; `IOService.CreateAction` is
what iig generates as ``CreateActionReadComplete``.
Invariant: a callback is checked when its class is made and again whenever it is called.
"""

import inspect
import itertools
import threading
from collections.abc import Callable
from types import CodeType
from typing import Concatenate, Generic, ParamSpec, TypeVar

from runtime.driverkit.clock import mach_absolute_time
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNotPermitted,
    kIOReturnTimeout,
)
from runtime.driverkit.object import OSObject, queue_name

P = ParamSpec("P")
S = TypeVar("S")

_TYPE = "__driverkit_type__"


class CallbackType(Generic[P]):
    """A callback's declaration: its name and its parameters after `action`."""

    def __init__(self, name: str, **parameters: type) -> None:
        self.name = name
        self.parameters = parameters

    def check(self, function: Callable[..., object]) -> None:
        """Hold a method to this declaration.

        Raises:
            TypeError: It takes other parameters.
        """
        wanted = 2 + len(self.parameters)
        if _takes(function, wanted):
            return
        signature = inspect.signature(function)
        try:
            signature.bind(*range(wanted))
        except TypeError as error:
            names = ", ".join(["self", "action", *self.parameters])
            raise TypeError(
                f"{function.__qualname__}: expected the parameters of {self.name} ({names}), "
                f"found {signature}"
            ) from error

    def check_values(self, values: tuple[object, ...]) -> None:
        """Hold the arguments of one call to this declaration.

        Raises:
            TypeError: An argument is of another type, or their number is another.
        """
        expected = tuple(self.parameters.values())
        if len(values) != len(expected) or not all(map(isinstance, values, expected)):
            raise TypeError(f"{self.name}: expected arguments {self.parameters}, found {values}")

    def __call__(self, action: "OSAction", *values: P.args, **named: P.kwargs) -> None:
        """Have an action of this type called on its own queue, in whichever driver it was made.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is of another type.
            TypeError: The values are not of the callback's types.
        """
        action.expect(self, self.name)
        if named:
            raise TypeError(f"{self.name}: expected its values in order, found {sorted(named)}")
        self.check_values(values)
        action.invoke(*values)


def _takes(function: Callable[..., object], count: int) -> bool:
    """Whether it is plain that a function takes so many values: `inspect` takes 20 times as long.

    False for whatever else `inspect` may know to take them.
    """
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and (code.co_argcount, code.co_kwonlyargcount) == (count, 0)


def callback(
    kind: CallbackType[P],
) -> Callable[
    [Callable[Concatenate[S, "OSAction", P], None]], Callable[Concatenate[S, "OSAction", P], None]
]:
    """Declare that a method conforms to a callback type; checked when its class is made.

    Raises:
        TypeError: (of the decorated method) its parameters are not the type's.
    """
    return lambda function: _declare(kind, function)


def _declare(
    kind: CallbackType[P], function: Callable[Concatenate[S, "OSAction", P], None]
) -> Callable[Concatenate[S, "OSAction", P], None]:
    kind.check(function)
    setattr(function, _TYPE, kind)
    return function


def inherit_callbacks(cls: type) -> None:
    """Hold the methods of a new class that override a typed callback to its type.

    Raises:
        TypeError: An override takes other parameters.
    """
    for name, function in list(vars(cls).items()):
        if not callable(function) or hasattr(function, _TYPE):
            continue
        for base in cls.__mro__[1:]:
            kind = getattr(vars(base).get(name), _TYPE, None)
            if isinstance(kind, CallbackType):
                kind.check(function)
                setattr(function, _TYPE, kind)
                break


class OSAction:
    """One callback of one service. May be used for several I/Os at a time."""

    def __init__(self, service: OSObject, method: Callable[..., None], reference: object) -> None:
        kind = getattr(method, _TYPE, None)
        if not isinstance(kind, CallbackType):
            raise TypeError(
                f"{getattr(method, '__qualname__', method)}: expected a method declared with "
                "@callback(…), found one without a callback type"
            )
        self._service = service
        self._method = method
        self._reference = reference
        self._cancelled = False
        self._aborted: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._called = 0
        self._waiters: dict[int, int] = {}  # token: the calls that had been made at `WillWait`
        self._tokens = itertools.count(1)
        self.type: CallbackType[...] = kind

    @property
    def name(self) -> str:
        """The method's name."""
        return self._method.__name__

    @property
    def queue(self) -> IODispatchQueue:
        """Where the method runs, by its `QUEUENAME`."""
        return self._service.CopyDispatchQueue(queue_name(self._method))

    def GetReference(self) -> object:
        """What the action was made with, for the callback's own use."""
        return self._reference

    def expect(self, kind: CallbackType[...], what: str) -> None:
        """Hold the action to a type; `what` is the call that was given it.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is of another type.
        """
        if self.type is not kind:
            raise IOReturnError(
                kIOReturnBadArgument,
                f"{what}: expected an action of type {kind.name}, found {self.type.name}",
            )

    def Cancel(self, handler: Callable[[], None] | None = None) -> None:
        """Call the method no more, whatever ends later; for good.

        `handler` runs on the method's queue, after what runs there now.
        """
        self._cancelled = True
        if handler is not None:
            self.queue.post("Cancel", handler)

    def SetAbortedHandler(self, handler: Callable[[], None]) -> None:
        """Call this on the method's queue when whoever was to invoke the action is gone."""
        self._aborted = handler

    def Aborted(self) -> None:
        """Whoever was to invoke the action is gone; called by the system, on any thread."""
        if self._aborted is not None and not self._cancelled:
            self.queue.post("Aborted", self._aborted)

    def WillWait(self) -> int:
        """A token for `Wait`; taken before the I/O that invokes the action is queued."""
        with self._changed:
            token = next(self._tokens)
            self._waiters[token] = self._called
        return token

    def EndWait(self, token: int) -> None:
        """Give a token of `WillWait` back, when the I/O was not queued."""
        with self._changed:
            self._waiters.pop(token, None)

    def Wait(self, token: int, deadline: int = 0) -> None:
        """Wait until the method has returned from a call that was made after `WillWait`.

        Args:
            token: Of `WillWait`; used up.
            deadline: On `mach_absolute_time`'s clock; 0: none.

        Raises:
            IOReturnError: kIOReturnTimeout at the deadline, kIOReturnNotPermitted on the queue
                that the method runs on, which would wait for itself.
        """
        if self.queue.OnQueue():
            self.EndWait(token)
            raise IOReturnError(
                kIOReturnNotPermitted, f"{self.name}: expected to wait for it on another queue"
            )
        left = (deadline - mach_absolute_time()) / 1e9 if deadline else None
        with self._changed:
            before = self._waiters.pop(token)
            if not self._changed.wait_for(lambda: self._called > before, left):
                raise IOReturnError(kIOReturnTimeout, f"{self.name} was not called in time")

    def invoke(self, *values: object) -> None:
        """Have the method called with these values, later; any thread."""
        self.queue.post(self.name, lambda: self.complete(*values))

    def complete(self, *values: object) -> None:
        """Call the method; on its queue only.

        Raises:
            TypeError: The values are not of the callback's type.
        """
        self.type.check_values(values)
        if not self._cancelled:
            self._method(self, *values)
        with self._changed:
            self._called += 1
            self._changed.notify_all()
