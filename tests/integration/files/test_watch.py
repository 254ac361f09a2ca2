"""`ioreg --watch` follows a runtime: a line of JSON for every change."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.identity import ROOT_ID, EntryId
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits

ROOT = Path(__file__).resolve().parents[3]


def _entry(number: int, **props: int) -> Entry:
    return Entry(
        EntryId(ROOT_ID + number), ROOT_ID, f"e{number}", "IOMedia", props=properties.encode(props)
    )


BASE = Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN))

STORY: list[wire.ToClient] = [
    wire.SnapshotBegin(1, "run"),
    wire.Part(entries=(BASE, _entry(1))),
    wire.SnapshotEnd(),
    wire.Delta(1, entries=(_entry(2), _entry(1, a=1))),
    wire.Delta(2, entries=(_entry(1, a=1),)),  # nothing new: no line
    wire.Delta(3, gone_entries=(EntryId(ROOT_ID + 2),)),
    wire.SnapshotBegin(9, "run"),  # a resync tells only of what differs
    wire.Part(entries=(BASE, _entry(3))),
    wire.SnapshotEnd(),
]

TOLD = [
    ("added", "e2", {}),
    ("changed", "e1", {"a": 1}),
    ("removed", "e2", {}),
    ("removed", "e1", {"a": 1}),
    ("added", "e3", {}),
]


def _tell(listener: socket.socket) -> None:
    decode: codec.Decoder[wire.ToRuntime] = codec.Decoder(wire.ToRuntime, "test")
    channel, _ = listener.accept()
    frames = framing.FrameReader()
    with channel:
        channel.settimeout(60)
        channel.sendall(framing.frame(codec.encode(wire.Hello(limits.CLIENT_VERSION, "runtime"))))
        while True:
            for message in map(decode, frames.feed(channel.recv(65536))):
                if isinstance(message, wire.Ask):
                    story = [wire.Answer(message.number, codec.raw(None)), *STORY]
                    channel.sendall(b"".join(framing.frame(codec.encode(one)) for one in story))
                    return


def test_every_change_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(60)
        with subprocess.Popen(
            [sys.executable, "-m", "runtime.commands.ioreg", "--watch"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "IOREGISTRY_SOCKET": str(path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            _tell(listener)
            out, err = child.communicate(timeout=60)
    told = [json.loads(line) for line in out.splitlines()]
    assert [(one["change"], one["name"], one["properties"]) for one in told] == TOLD
    assert child.returncode == 1
    assert err == "ioreg: error: runtime ended the connection\n"
