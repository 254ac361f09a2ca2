"""A service in the low power state lets its USB device sleep, and is told when that has woken."""

from collections.abc import Callable

from runtime.driverkit import (
    kIOServicePowerCapabilityLow,
    kIOServicePowerCapabilityOff,
    kIOServicePowerCapabilityOn,
)
from runtime.driverkit.kern_return import IOReturnError
from runtime.host.rest import Rest
from runtime.model.kern_return import IOReturn
from runtime.wire import methods, service, usb

LOW, OFF, ON = (
    kIOServicePowerCapabilityLow,
    kIOServicePowerCapabilityOff,
    kIOServicePowerCapabilityOn,
)


class Around:
    """The transport and the node of a service."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.called: list[object] = []
        self.expected: dict[int, Callable[[methods.Completion], None]] = {}
        self._refuses = refuses

    def call(self, _handle: int, method: methods.Method) -> None:
        self.called.append(method)
        if self._refuses:
            raise IOReturnError(IOReturn.NOT_OPEN)

    def expect(self, _name: str, _queue: object, done: Callable[[methods.Completion], None]) -> int:
        self.expected[len(self.called)] = done
        return len(self.called)

    def forget(self, number: int) -> None:
        del self.expected[number]

    def default_queue(self) -> None:
        """Whichever."""

    def rest(self) -> None:
        self.called.append("node rests")

    def wake(self) -> None:
        self.called.append("node is awake")


def rest(around: Around, *, is_usb: bool = True) -> Rest:
    return Rest(around, is_usb=is_usb)  # type: ignore[arg-type]


def told(rest: Rest, flags: int, around: Around) -> None:
    rest.before(flags, around)  # type: ignore[arg-type]
    around.called.append(f"told {flags:#x}")
    rest.after(flags, around)  # type: ignore[arg-type]


def test_the_device_rests_behind_the_service_and_wakes_before_it() -> None:
    around = Around()
    followed = rest(around)
    for flags in (ON, LOW, OFF, ON, ON):
        told(followed, flags, around)
    assert around.called == [
        *("told 0x2", "told 0x10000", usb.Rest(2), "node rests", "told 0x0"),
        *(usb.Wake(), "node is awake", "told 0x2", "told 0x2"),
    ]


def test_a_device_that_woke_of_itself_turns_its_service_on() -> None:
    around = Around()
    followed = rest(around)
    told(followed, LOW, around)
    around.called.clear()
    (done,) = around.expected.values()
    done(methods.CompleteAsyncIO(0, 0, 7))
    assert around.called == [service.ChangePowerState(ON)]
    told(followed, ON, around)
    around.called.clear()
    done(methods.CompleteAsyncIO(0, 0, 7))
    assert not around.called, "the service has woken it"


def test_what_cannot_sleep_stays_awake() -> None:
    around = Around(refuses=True)
    followed = rest(around)
    told(followed, LOW, around)
    told(followed, ON, around)
    assert around.called == ["told 0x10000", usb.Rest(1), "told 0x2"]
    assert not around.expected
    other = Around()
    told(rest(other, is_usb=False), LOW, other)
    assert other.called == ["told 0x10000"]
