"""Typed callbacks: checked when a class is made, and again when they are called."""

import pytest

from runtime.driverkit import IOService, IOUSBHostPipe, OSAction, callback
from runtime.driverkit.entry import Entry


class Reader(IOService):
    """A driver with one callback that remembers its arguments."""

    seen: tuple[int, int, int] | None = None

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(
        self,
        action: OSAction,
        status: int,
        count: int,
        timestamp: int,
    ) -> None:
        self.seen = (status, count, timestamp)

    def untyped(self, action: OSAction) -> None:
        """No callback."""


def test_an_action_calls_its_method() -> None:
    reader = Reader(Entry(1, "Reader"))
    action = reader.CreateAction(reader.ReadComplete)
    assert action.name == "ReadComplete"
    action.complete(0, 8, 99)
    assert reader.seen == (0, 8, 99)


def test_its_arguments_are_checked_when_it_is_called() -> None:
    reader = Reader(Entry(1, "Reader"))
    action = reader.CreateAction(reader.ReadComplete)
    with pytest.raises(TypeError, match="CompleteAsyncIO: expected arguments"):
        action.complete(0, "eight", 99)
    with pytest.raises(TypeError, match="CompleteAsyncIO: expected arguments"):
        action.complete(0, 8)
    assert reader.seen is None


def test_a_method_without_a_type_makes_no_action() -> None:
    reader = Reader(Entry(1, "Reader"))
    with pytest.raises(TypeError, match=r"untyped: expected a method declared with @callback"):
        reader.CreateAction(reader.untyped)


def narrow(_self: object, _action: object) -> None:
    """Takes less than CompleteAsyncIO gives."""


def wide(*_anything: object) -> None:
    """Takes whatever comes."""


def test_an_override_is_held_to_the_type_that_it_inherits() -> None:
    with pytest.raises(TypeError, match=r"expected the parameters of IOUSBHostPipe::Comp"):
        type("Narrow", (Reader,), {"ReadComplete": narrow})


def test_an_override_keeps_the_type() -> None:
    cls = type("Wide", (Reader,), {"ReadComplete": wide})
    reader = cls(Entry(1, "Wide"))
    assert reader.CreateAction(reader.ReadComplete).type is IOUSBHostPipe.CompleteAsyncIO
