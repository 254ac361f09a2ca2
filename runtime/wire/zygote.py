"""Messages between the runtime and its zygote, on one SEQPACKET socket.

With `Spawn` come the descriptors of `DESCRIPTORS` for its role, in that order. The zygote
answers with `Spawned` and the child's pidfd, or with `SpawnFailed`. The child is the
runtime's own (CLONE_PARENT), so the runtime reaps it. End of file ends the zygote.
Invariant: values only, no I/O.
"""

import enum

import msgspec

from runtime.wire.limits import Name, Number, Text


class Role(enum.StrEnum):
    """What a child of the zygote becomes."""

    DRIVER = "driver"
    BROKER = "broker"
    USB_BROKER = "usb-broker"
    HID_BROKER = "hid-broker"
    UIO_BROKER = "uio-broker"
    USB_OPENER = "usb-opener"
    SPARE = "spare"  # waits for the `Spawn` of a broker or an opener on its control socket


DESCRIPTORS = {
    Role.DRIVER: ("control", "watch", "output", "crash"),
    Role.BROKER: ("control", "output"),
    Role.USB_BROKER: ("control", "output", "node"),
    Role.HID_BROKER: ("control", "output", "node"),
    Role.UIO_BROKER: ("control", "output", "node"),
    Role.USB_OPENER: ("control", "output", "node"),
    Role.SPARE: ("control",),
}
"""control, watch: SEQPACKET ends; output: write end of a pipe for stdout and stderr; crash:
memfd that faulthandler writes into; node: an O_PATH descriptor of a device's node, which may take
its time to be opened. With the last one of a HID device those of its event nodes may follow."""


class Spawn(msgspec.Struct, frozen=True, array_like=True, tag="spawn"):
    """Create one process."""

    number: Number
    name: Name  # shown by ps
    uid: Number  # own uid where the runtime is root; ignored where it is not
    dumpable: bool  # developer mode: debuggers may attach
    memory_bytes: Number = 0
    open_files: Number = 0
    role: Role = Role.DRIVER
    in_advance: bool = False  # nobody waits for it yet: it may take its time, to be quicker later


class PutNative(msgspec.Struct, frozen=True, array_like=True, tag="put-native"):
    """Make the native modules of a content loadable for drivers made by this zygote, now and later.

    Beside it comes a sealed memfd of their archive. Answered by `NativePut`.
    """

    number: Number
    content_hash: Name


class DropNative(msgspec.Struct, frozen=True, array_like=True, tag="drop-native"):
    """No driver needs the native modules of a content any more; not answered."""

    content_hash: Name


class Ready(msgspec.Struct, frozen=True, array_like=True, tag="ready"):
    """First message of the zygote: imports done, root prepared.

    `missing` names what no driver gets here, and why, one sentence each. `elevated`: drivers
    can be put before ordinary processes, by whoever started the zygote and holds them to it.
    """

    missing: tuple[Text, ...] = ()
    elevated: bool = False


class Spawned(msgspec.Struct, frozen=True, array_like=True, tag="spawned"):
    """The child exists; its pidfd comes beside."""

    number: Number
    pid: Number


class SpawnFailed(msgspec.Struct, frozen=True, array_like=True, tag="spawn-failed"):
    """No child exists; why, in one sentence."""

    number: Number
    text: Text


class NativePut(msgspec.Struct, frozen=True, array_like=True, tag="native-put"):
    """They can be loaded; or, with a sentence that says why not, nothing of them is there."""

    number: Number
    refusal: Text = ""


ToZygote = Spawn | PutNative | DropNative
FromZygote = Ready | Spawned | SpawnFailed | NativePut
