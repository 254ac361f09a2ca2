"""Remote methods: what crosses for a call of one, and what is refused on either side."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.driverkit import (
    CallbackType,
    IOBufferMemoryDescriptor,
    IOMemoryDescriptor,
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
    def Samples(self, size: int) -> IOMemoryDescriptor:
        self.samples = IOBufferMemoryDescriptor.Create(size)
        return self.samples.CreateSubMemoryDescriptor(size // 2, size // 2)

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
        self.descriptors: list[int] = []
        self.made_up: msgspec.Raw | None = None

    def call(self, target: int, method: Method) -> msgspec.Raw:
        assert target == 0
        assert isinstance(method, service.Invoke)
        served = declared(self.nub, method.name).serve(self.nub, method.arguments, self.action)
        self.descriptors += served.descriptors
        return served.result

    def lent(self, method: Method) -> tuple[msgspec.Raw, int]:
        """See `Transport.lent`; the answer may be one that was made up."""
        result = self.call(0, method)
        return self.made_up or result, self.descriptors.pop()

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


def test_both_see_the_memory_that_a_nub_answers_with(process: FakeProcess) -> None:
    proxy, line = a_pair()
    memory = proxy.Samples(64)
    assert memory.GetLength() == 32
    memory.CreateMapping().GetAddress()[:4] = b"ours"
    nub: Any = line.nub
    nub.samples.GetAddressRange()[36:40] = b"mine"
    both = bytes(memory.CreateMapping().GetAddress()[:8])
    assert bytes(nub.samples)[32:40] == both == b"oursmine"
    line.close()


@pytest.mark.parametrize("place", [(0, 65), (1, 64), (-1, 4), (0, 0), (64, 1), (0, -1), "x", (0,)])
def test_memory_that_is_none_is_refused(process: FakeProcess, place: object) -> None:
    proxy, line = a_pair()
    line.made_up = codec.raw(place)
    with pytest.raises(IOReturnError) as refused:
        proxy.Samples(64)
    assert refused.value.code == kIOReturnBadMessageID
    line.close()


def test_what_is_no_memory_at_all_is_refused(process: FakeProcess) -> None:
    proxy, line = a_pair()
    read_end, write_end = os.pipe()
    os.close(write_end)

    line.lent = lambda _method: (codec.raw((0, 1)), read_end)  # type: ignore[assignment,method-assign]
    with pytest.raises(IOReturnError, match="expected a memfd"):
        proxy.Samples(64)
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
