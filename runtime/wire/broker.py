"""Messages between the runtime and a broker, on one SEQPACKET socket.

The runtime sends one of `Serve`, `ServeRecorded` and `ServeUsb` once, then the other messages in
any number; the broker sends `Ready` once, before it reads anything. End of file from the runtime:
the broker gives everything back to its kernel driver and ends. A broker holds one device, and
trusts the runtime but no driver.
Invariant: values only, no I/O.
"""

import msgspec

from runtime.wire.limits import Name, Number, Text


class _Message(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag_field="t"
):
    """Base of every message here."""


class Serve(_Message, frozen=True, tag="serve"):
    """Runtime to broker, first: make a simulated device of this model."""

    model: Name


class ServeRecorded(_Message, frozen=True, tag="serve-recorded"):
    """Runtime to broker, first: play a recorded device back; beside it comes its sealed memfd."""


class ServeUsb(_Message, frozen=True, tag="serve-usb"):
    """Runtime to broker, first: serve the usbfs node that it was made with.

    `configuration` is the value of the active one; the strings are the device's, as the kernel
    read them; `speed` is a `runtime.model.usb.Speed`, `address` the device's on its bus.
    """

    configuration: Number
    manufacturer: Text = ""
    product: Text = ""
    serial: Text = ""
    speed: Number = 1
    address: Number = 0


class ServeHid(_Message, frozen=True, tag="serve-hid"):
    """Runtime to broker, first: serve the hidraw node that it was made with.

    Further nodes are the event nodes of the same device.
    """


class ServeUio(_Message, frozen=True, tag="serve-uio"):
    """Runtime to broker, first: serve the UIO node that it was made with."""


class Denials(msgspec.Struct, frozen=True, array_like=True):
    """What a driver process may not, one sentence each; empty: it may."""

    device: Text = "nobody said that it may"  # publish a HID device
    events: Text = "nobody said that it may"  # publish a keyboard and pointer, seize input


class Attach(_Message, frozen=True, tag="attach"):
    """Runtime to broker: let a driver process at an interface.

    Beside it comes the broker's end of that driver's provider socket, and behind it, where the
    driver may move its data itself, a socket over which a fresh descriptor of the node will come
    (`direct`), and an open /dev/uhid where it may publish a HID device (`publishes`). `session` is
    used once; `publisher` is the bundle id of what is published.
    """

    session: Number
    interface: Number
    denials: Denials = Denials()
    publisher: Name = ""
    direct: bool = False
    publishes: bool = False


class Release(_Message, frozen=True, tag="release"):
    """Runtime to broker: a driver process is gone; what it had open is free for the next one."""

    session: Number


class GiveBack(_Message, frozen=True, tag="give-back"):
    """Runtime to broker: no driver wants this interface any more."""

    interface: Number


class Unplug(_Message, frozen=True, tag="unplug"):
    """Runtime to broker: the device is gone; end all I/O on it, then answer `Unplugged`."""


class Ready(_Message, frozen=True, tag="ready"):
    """Broker to runtime, first: it is locked down, one sentence for each thing that holds."""

    applied: tuple[Text, ...] = ()


class Breached(_Message, frozen=True, tag="breached"):
    """Broker to runtime: a driver sent what the protocol does not allow; its session is over."""

    session: Number
    text: Text


class Unplugged(_Message, frozen=True, tag="unplugged"):
    """Broker to runtime: all I/O has ended, and every driver's completions are on their way."""


ToBroker = (
    Serve | ServeRecorded | ServeUsb | ServeHid | ServeUio | Attach | Release | GiveBack | Unplug
)
FromBroker = Ready | Breached | Unplugged
