"""The reader explains: who of this machine's kernel modules could drive a device of a file."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.client.blocking import Connection
from runtime.client.client import Client
from runtime.model.entry import Entry
from runtime.model.errors import ProblemError
from runtime.model.identity import EntryId
from runtime.model.outcome import MatchStage
from runtime.reader.explaining import LONGEST
from runtime.wire import client as wire
from runtime.wire.commands.registry import Explain, ExplainExtension, Subscribe

SECONDS = 60.0
MODALIAS = "usb:v1209p0001d0100dc00dsc00dp00ic03isc01ip01in00"
NUB = {"id": 9, "parent": 0, "name": "Port", "class": "IOUSBHostInterface"}
ALIASES = """\
alias usb:v*p*d*dc*dsc*dp*ic03isc*ip*in* usbhid
alias usb:v1209p0001d*dc*dsc*dp*ic*isc*ip*in* special
"""


def machine(modalias: str = MODALIAS) -> str:
    """A udev database of a USB device with one interface."""
    device = "/devices/pci0000:00/0000:00:14.0/usb1/1-1"
    return (
        f"P: {device}\nE: DEVPATH={device}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
        f"E: DRIVER=usb\nE: PRODUCT=1209/1/100\n\n"
        f"P: {device}/1-1:1.0\nE: DEVPATH={device}/1-1:1.0\nE: SUBSYSTEM=usb\n"
        f"E: DEVTYPE=usb_interface\nE: DRIVER=usbhid\nE: PRODUCT=1209/1/100\n"
        f"E: INTERFACE=3/1/1\nE: MODALIAS={modalias}\n"
    )


@contextmanager
def reader(folder: Path, text: str, aliases: str = ALIASES) -> Iterator[Connection]:
    """A reader of a file on a machine with these aliases."""
    path = folder / "machine"
    path.write_text(text)
    (folder / "modules.alias").write_text(aliases)
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "runtime.reader", "--owner", str(theirs.fileno())]
    with theirs:
        child = subprocess.Popen(
            [*command, "--modules", str(folder), "--", str(path)], pass_fds=[theirs.fileno()]
        )
    with child:
        with Connection(Client(ours, "test")) as connection:
            yield connection
        assert child.wait(SECONDS) == 0


def entries(connection: Connection) -> dict[str, Entry]:
    """The entries of the snapshot, by class."""
    connection.call(Subscribe(), SECONDS)
    found: dict[str, Entry] = {}
    for message in connection.messages(SECONDS):
        if isinstance(message, wire.Part):
            found |= {entry.cls: entry for entry in message.entries}
        elif isinstance(message, wire.SnapshotEnd):
            break
    return found


def test_the_modules_of_this_machine_in_order(tmp_path: Path) -> None:
    with reader(tmp_path, machine()) as connection:
        interface = entries(connection)["IOUSBHostInterface"]
        told = connection.call(Explain(interface.id), SECONDS)
    assert [(match.personality, match.score, match.stage) for match in told.matches] == [
        ("special", 89_000, MatchStage.CATEGORY),
        ("usbhid", 49_000, MatchStage.MATCHED),
    ]
    assert [match.running for match in told.matches] == [False, True]
    assert told.compared == 2


def test_a_machine_without_modules_knows_only_who_is_bound(tmp_path: Path) -> None:
    with reader(tmp_path, machine(), "") as connection:
        interface = entries(connection)["IOUSBHostInterface"]
        told = connection.call(Explain(interface.id), SECONDS)
    assert [(match.personality, match.running) for match in told.matches] == [("usbhid", True)]
    assert told.compared == 0


def test_a_device_that_an_extension_has_is_not_given_away(tmp_path: Path) -> None:
    held = {"holder": "extension", "driver": "MyDriver", "properties": {"MODALIAS": MODALIAS}}
    with reader(tmp_path, json.dumps([NUB | held])) as connection:
        interface = entries(connection)["IOUSBHostInterface"]
        told = connection.call(Explain(interface.id), SECONDS)
    assert [(match.stage, match.holder) for match in told.matches] == [
        (MatchStage.CATEGORY, "MyDriver")
    ] * 2


def test_what_cannot_be_judged_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with reader(tmp_path, machine()) as connection:
        device = entries(connection)["IOUSBHostDevice"]
        with pytest.raises(ProblemError, match="expected a MODALIAS of at most 2048") as refused:
            connection.call(Explain(device.id), SECONDS)
        assert refused.value.code == "not-found"
        with pytest.raises(ProblemError, match="entry 0x1: expected one of the file, found none"):
            connection.call(Explain(EntryId(1)), SECONDS)
        with pytest.raises(ProblemError, match="expected a running system for this"):
            connection.call(ExplainExtension("org.example.sample"), SECONDS)  # type: ignore[arg-type]


def test_what_no_kernel_could_have_said_ends_nothing(tmp_path: Path) -> None:
    with reader(tmp_path, machine(MODALIAS + "x" * LONGEST)) as connection:
        interface = entries(connection)["IOUSBHostInterface"]
        with pytest.raises(ProblemError, match="expected a MODALIAS"):
            connection.call(Explain(interface.id), SECONDS)
    claimed = {"holder": "kernel", "driver": "d" * 600_000, "properties": {"MODALIAS": MODALIAS}}
    with reader(tmp_path, json.dumps([NUB | claimed])) as connection:
        interface = entries(connection)["IOUSBHostInterface"]
        with pytest.raises(ProblemError, match="expected a message of at most"):
            connection.call(Explain(interface.id), SECONDS)
        assert entries(connection), "it still serves"
