"""Remote methods: what crosses for a call of one, and what is refused on either side."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.driverkit import (
    CallbackType,
    IOReturnError,
    IOService,
    OSAction,
    callback,
    kIOReturnBadArgument,
    kIOReturnBadMessageID,
    kIOReturnMessageTooLarge,
    kIOReturnNotPermitted,
    kIOReturnUnsupported,
    remote,
)
from runtime.driverkit.entry import Entry
from runtime.driverkit.remote import declared
from runtime.wire import codec, service
from runtime.wire.methods import Completion, Method
from tests.unit.driverkit.process import FakeProcess


@dataclass
class Range:
    """A value of an author's own."""

    low: float
    high: float


class Meter(IOService):
    """A nub, and what stands for it."""

    Measured: ClassVar[CallbackType[[int]]] = CallbackType("Meter::Measured", value=int)

    @remote
    def Echo(self, value: dict[str, list[int]], count: int = 1) -> list[dict[str, list[int]]]:
        return [value] * count

    @remote
    def Widen(self, reach: Range) -> Range:
        return Range(reach.low - 1, reach.high + 1)

    @remote
    def Subscribe(self, action: Annotated[OSAction, Measured]) -> None:
        self.Measured(action, 7)

    @remote
    def Large(self, size: int) -> bytes:
        return bytes(size)


class Finer(Meter):
    """Overrides a remote method, which stays one."""

    def Widen(self, reach: Range) -> Range:
        return reach


class Line(FakeProcess):
    """Carries the calls of a proxy to a nub in this process."""

    def __init__(self, nub: IOService) -> None:
        super().__init__()
        self.nub = nub
        self.done: list[Callable[[Completion], None]] = []
        self.forgotten: list[int] = []
        self.actions: list[int] = []

    def call(self, target: int, method: Method) -> msgspec.Raw:
        assert target == 0
        assert isinstance(method, service.Invoke)
        return declared(self.nub, method.name).serve(self.nub, method.arguments, self.action)

    def action(self, number: int, kind: CallbackType[...]) -> OSAction:
        self.actions.append(number)
        made = OSAction(self.nub, callback(kind)(lambda _nub, _action, *_values: None), None)
        made.invoke = self._invoke  # type: ignore[method-assign]
        return made

    def _invoke(self, *values: object) -> None:
        self.done[-1](service.CompleteInvoke(codec.raw(values)))

    def expect(self, *what: Any, repeated: bool = False) -> int:
        assert repeated
        self.done.append(what[2])
        return len(self.done)

    def forget(self, number: int) -> None:
        self.forgotten.append(number)


def a_pair(kind: type[Meter] = Meter) -> tuple[Meter, Line]:
    """A proxy, and the line to its nub."""
    line = Line(kind(Entry(2, "Meter")))
    transport: Any = line
    return Meter(Entry(1, "Meter", transport=transport, remote=True)), line


@given(st.dictionaries(st.text(), st.lists(st.integers(-(1 << 63), (1 << 63) - 1))))
def test_what_is_sent_comes_back(value: dict[str, list[int]]) -> None:
    proxy, line = a_pair()
    assert proxy.Echo(value, count=2) == line.nub.Echo(value, 2) == [value, value]  # type: ignore[attr-defined]
    line.close()


def test_values_of_an_authors_own_cross_and_an_override_is_called() -> None:
    for kind, widened in ((Meter, Range(0, 4)), (Finer, Range(1, 3))):
        proxy, line = a_pair(kind)
        assert proxy.Widen(Range(1, 3)) == widened
        line.close()


class Reader(IOService):
    """Whose action a nub calls."""

    @callback(Meter.Measured)
    def Heard(self, action: OSAction, value: int) -> None:
        action.GetReference().append(value)  # type: ignore[attr-defined]


def test_a_nub_calls_back(process: FakeProcess) -> None:
    proxy, line = a_pair()
    heard: list[int] = []
    reader = Reader(Entry(3, "Reader"))
    action = reader.CreateAction(reader.Heard, heard)
    proxy.Subscribe(action)
    assert heard == [7]
    line.nub = IOService(Entry(2, "Other"))
    with pytest.raises(IOReturnError) as unknown:
        proxy.Subscribe(action)
    assert unknown.value.code == kIOReturnUnsupported
    assert line.forgotten == [2]
    with pytest.raises(TypeError, match="expected an OSAction"):
        proxy.Subscribe("Heard")  # type: ignore[arg-type]
    line.close()


class Other(IOService):
    """Another idea of the same interface."""

    @remote
    def Echo(self, value: str) -> int:
        return 1

    @remote
    def Large(self, size: int) -> str:
        return "x" * size


def test_what_is_not_as_declared_is_refused() -> None:
    proxy, line = a_pair()
    line.nub = Other(Entry(2, "Other"))
    for code, call in (
        (kIOReturnBadArgument, lambda: proxy.Echo({})),
        (kIOReturnBadMessageID, lambda: proxy.Large(3)),
        (kIOReturnMessageTooLarge, lambda: proxy.Large(1 << 17)),
        (kIOReturnUnsupported, lambda: proxy.Widen(Range(1, 2))),
        (kIOReturnNotPermitted, proxy.RegisterService),
    ):
        with pytest.raises(IOReturnError) as refused:
            call()
        assert refused.value.code == code
    with pytest.raises(TypeError, match="missing a required argument: 'value'"):
        proxy.Echo()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="expected a value that can cross"):
        proxy.Echo({"x": [1 << 64]})
    line.close()


def test_a_declaration_says_what_crosses() -> None:
    def untyped(self, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return value

    def unfit(self: IOService, value: IOService) -> None:
        del value

    def bare(self: IOService, action: OSAction) -> None:
        del action

    for method, why in (
        (untyped, "untyped: expected a type for value"),
        (unfit, "can cross, found IOService"),
        (bare, "OSAction: expected Annotated"),
    ):
        with pytest.raises(TypeError, match=why):
            remote(method)
