"""What can be plugged, by name, and how a broker serves it.

Invariant: every simulated device is of one of these models.
"""

from collections.abc import Callable

from runtime.families.hid.interface import ServedHidDevice
from runtime.families.interrupts.session import ServedInterrupts
from runtime.families.provider import ServedDevice
from runtime.families.simulated import models
from runtime.families.simulated.device import SimulatedDevice
from runtime.families.simulated.hid import SimulatedHidDevice
from runtime.families.simulated.keypad import keypad
from runtime.families.simulated.ticker import Ticker
from runtime.families.usb.served import ServedUsbDevice

SimulatedModel = SimulatedDevice | SimulatedHidDevice | Ticker

MODELS: dict[str, Callable[[], SimulatedModel]] = {
    **models.MODELS,
    "keypad": keypad,
    "ticker": Ticker,
}
"""What `dext plug MODEL` can plug."""


def serve(model: str) -> ServedDevice:
    """A new device of a model."""
    device = MODELS[model]()
    if isinstance(device, SimulatedHidDevice):
        return ServedHidDevice(device)
    if isinstance(device, Ticker):
        return ServedInterrupts(device)
    return ServedUsbDevice(device)
