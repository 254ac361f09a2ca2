"""`OSAction`: a callback of a driver, typed, as a value that I/O calls are given.

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, actualByteCount, completionTimestamp): ...

    action = self.CreateAction(self.ReadComplete)

The decorator is iig's ``TYPE(IOUSBHostPipe::CompleteAsyncIO)``; `IOService.CreateAction` is
what iig generates as ``CreateActionReadComplete``.
Invariant: a callback is checked when its class is made and again whenever it is called.
"""

import inspect
from collections.abc import Callable
from typing import Concatenate, Generic, ParamSpec, TypeVar

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


def callback(
    kind: CallbackType[P],
) -> Callable[
    [Callable[Concatenate[S, "OSAction", P], None]], Callable[Concatenate[S, "OSAction", P], None]
]:
    """Declare that a method conforms to a callback type; checked when its class is made.

    Raises:
        TypeError: (of the decorated method) its parameters are not the type's.
    """

    def declare(
        function: Callable[Concatenate[S, "OSAction", P], None],
    ) -> Callable[Concatenate[S, "OSAction", P], None]:
        kind.check(function)
        setattr(function, _TYPE, kind)
        return function

    return declare


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

    def __init__(self, method: Callable[..., None]) -> None:
        kind = getattr(method, _TYPE, None)
        if not isinstance(kind, CallbackType):
            raise TypeError(
                f"{getattr(method, '__qualname__', method)}: expected a method declared with "
                "@callback(…), found one without a callback type"
            )
        self._method = method
        self.type: CallbackType[...] = kind

    @property
    def name(self) -> str:
        """The method's name."""
        return self._method.__name__

    def complete(self, *values: object) -> None:
        """Call the method; on its service's queue only.

        Raises:
            TypeError: The values are not of the callback's type.
        """
        self.type.check_values(values)
        self._method(self, *values)
