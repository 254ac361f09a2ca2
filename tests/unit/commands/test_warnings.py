"""`systemextensionsctl pending` and `approve` say what an approval would cost the machine."""

from runtime.commands.deciding import warnings
from runtime.model.identity import BundleId, ContentHash, EntryId, RequestId
from runtime.model.records import DeviceHit, Request, Requester, RequestState

KEYBOARD = "it is the only keyboard"


def request(*devices: DeviceHit) -> Request:
    """One that waits."""
    return Request(
        RequestId("1-0"),
        "com.example.driver@0",
        BundleId("com.example.driver"),
        ContentHash("0" * 64),
        *("nonce", "Driver", "1.0", "1"),
        Requester("Sample", "/Sample.app"),
        RequestState.WAITING,
        devices=devices,
    )


def test_each_device_that_is_needed_is_named() -> None:
    harmless = DeviceHit(EntryId(7), "Toy", "IOService:/Toy", 90000)
    keyboard = DeviceHit(EntryId(8), "Keys\x1b[2J", "IOService:/Keys", 90000, "usbhid", KEYBOARD)
    assert list(warnings(request(harmless))) == []
    (line,) = warnings(request(keyboard, harmless))
    assert line.startswith("    careful: it takes Keys")
    assert line.endswith(f", and {KEYBOARD}")
    assert "\x1b" not in line
