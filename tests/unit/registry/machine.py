"""A registry with its history in a file and a clock that the test turns, for tests of history."""

from pathlib import Path

from runtime.model.entry import Entry
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties
from runtime.registry.history import History
from runtime.registry.journal import Journal
from runtime.registry.thinning import Thinning
from runtime.registry.tree import Registry
from runtime.wire.history import Moment, Reader


class Machine:
    """A registry whose clock the test turns, with its history in a file."""

    def __init__(self, path: Path, run: str, keep: int, ms: int) -> None:
        self.path = path
        self.ms = ms
        self.changes = 0
        self.closed = False
        self.journal = Journal(path)
        self.segments = self.journal.segments(keep)
        self.thinning = Thinning(self.segments)
        self.history = History(self.segments, run, lambda: self.ms * 1_000_000)
        self.registry = Registry(lambda: self.ms * 1_000_000, self._changed)

    def _changed(self, change: object) -> None:
        self.changes += 1
        self.history.changed(change)  # type: ignore[arg-type]  # handed on as it came

    def settle(self) -> None:
        while self.history.pump():
            self.history.flush()
        self.history.flush()

    def make_room(self) -> None:
        """Thin and drop until what is kept fits, or nothing more can go."""
        for _ in range(100_000):
            if not self.thinning.step():
                return
        raise AssertionError("it never ends")

    def moment(self, ms: int) -> Moment:
        return moment(self.history, ms)

    def state(self) -> dict[int, Entry]:
        return {entry.id: entry for entry in self.registry.walk()}

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.history.close()
            self.journal.close()


def moment(history: History, ms: int) -> Moment:
    found, reader, segment, after = Moment(), Reader(), 0, 0
    while True:
        page = history.page(ms, segment, after)
        for chunk in page.chunks:
            found.apply(reader.records(chunk), ms)
        if not page.more:
            return found
        segment, after = page.segment, page.last


def keyboard(registry: Registry, number: int) -> EntryId:
    """Plug a device with two interfaces, as a real one looks."""
    props: Properties = {
        "DEVPATH": f"/devices/pci0000:00/0000:00:14.0/usb1/1-2/{number}",
        "DEVNUM": f"{number:03}",
        "USEC_INITIALIZED": str(1_700_000_000 + number * 7919),
        "ID_VENDOR": "Logitech",
        "ID_MODEL": "USB_Keyboard",
        "ID_SERIAL": "Logitech_USB_Keyboard",
        "idVendor": 0x046D,
        "idProduct": 0xC31C,
        "speed": 1,
    }
    device = registry.attach(ROOT_ID, "USB Keyboard", "IOUSBHostDevice", props=props)
    for interface in (0, 1):
        more: Properties = props | {
            "bInterfaceNumber": interface,
            "MODALIAS": "usb:v046DpC31Cd4920dc00",
        }
        registry.attach(
            device, "Interface", "IOUSBHostInterface", location=str(interface), props=more
        )
    return device
