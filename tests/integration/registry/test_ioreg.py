"""`ioreg` as a command: exit codes, sentences, JSON, pipes."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.identity import ROOT_ID, EntryId
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits
from runtime.wire.commands.registry import Subscribe, Topic

ROOT = Path(__file__).resolve().parents[3]


def _ioreg(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runtime.commands.ioreg", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_first_lines_are_apples() -> None:
    done = _ioreg("-w0")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\+-o Root  <class IORegistryEntry, id 0x100000100, retain \d+>", lines[0])
    assert "  <class IOPlatformExpertDevice, id 0x100000101, registered, " in lines[1]
    assert all(line[line.index("+-o") :].startswith("+-o ") for line in lines)


def test_every_device_of_the_machine_is_there() -> None:
    from runtime.linux.udev import enumerate_devices  # noqa: PLC0415 - loads libudev

    def present() -> set[str]:
        return {device.syspath for device in enumerate_devices()}

    before = present()
    shown = re.findall(r'"LinuxSyspath" = "([^"]*)"', _ioreg("-l").stdout)
    assert before & present() <= set(shown)  # others make and remove interfaces meanwhile


def test_r_needs_a_match() -> None:
    assert _ioreg("-r").stdout == ""
    assert _ioreg("-r", "-n", "lo", "-l").stdout.startswith("+-o lo  <class IONetworkInterface")


def test_help_is_asked_for_and_printed() -> None:
    done = _ioreg("-l", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ioreg [-abfilrtxy] ")


def test_a_search_combines_with_apples_options() -> None:
    whole = _ioreg("--find", "name:lo under:/*/virtual/net", "-w0").stdout
    assert whole.count("+-o ") == _ioreg("-w0").stdout.count("+-o ")
    assert len(re.findall(r'"LinuxSyspath" = "/sys/devices/virtual/net/lo"', whole)) == 1
    found = _ioreg("-r", "--find", "class:IONetwork*", "-n", "lo", "-d", "1", "-w0").stdout
    assert found.startswith("+-o lo  <class IONetworkInterface")
    assert found.count("+-o ") == 1
    assert _ioreg("-r", "--find", "class:IONetwork*", "-n", "lo", "-k", "absent").stdout == ""
    (entry,) = json.loads(_ioreg("--json", "--find", "prop.LinuxSyspath=*/net/lo").stdout)
    assert entry["name"] == "lo"


@pytest.mark.parametrize("arguments", [["-q"], ["-c"], ["--nonsense"]])
def test_a_wrong_option_prints_the_usage(arguments: list[str]) -> None:
    done = _ioreg(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        "usage: ioreg [-abfilrtxy] [-c class] [-d depth] [-k key] [-n name] [-p plane] [-w width]\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--find", 'a or "b'], "search 'a or \"b': expected a closing quote, at character 6"),
        (["--find", " "], "search ' ': expected a term, found none"),
        (["-p", "IONone"], "plane 'IONone': expected one of this registry (IOService"),
        (["-w", "-5"], "option -w: expected 0 or more, found -5"),
        (["-a", "--json"], "option --json: expected one form of output, found -a beside it"),
        (["-a", "--diff", "now", "now"], "option --diff: expected text or --json, found -a"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], sentence: str) -> None:
    done = _ioreg(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"ioreg: error: {sentence}")
    assert done.stderr.count("\n") == 1


def test_width_clips() -> None:
    lines = _ioreg("-w", "40", "-l").stdout.splitlines()
    assert max(len(line.encode()) for line in lines) == 40
    assert all(len(line.encode()) < 40 or line.endswith("$") for line in lines)


def test_json_is_one_array_of_objects() -> None:
    whole = json.loads(_ioreg("--json").stdout)
    assert whole[0]["name"] == "Root"
    ids = {entry["id"] for entry in whole}
    assert all(entry["parent"] in ids or entry["parent"] == 0 for entry in whole)
    (lo,) = json.loads(_ioreg("--json", "-n", "lo", "-c", "IONetworkInterface").stdout)
    assert lo["properties"]["BSD Name"] == "lo"
    assert json.loads(_ioreg("--json", "-n", "nothing is called this").stdout) == []


def test_a_closed_pipe_is_quiet() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "runtime.commands.ioreg", "-l"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        assert child.stderr.read() == b""


def _serve(listener: socket.socket, entries: list[Entry]) -> None:
    """A runtime's side of one subscription, in parts."""
    decode: codec.Decoder[wire.ToRuntime] = codec.Decoder(wire.ToRuntime, "test")
    channel, _ = listener.accept()
    frames = framing.FrameReader()

    def send(message: wire.ToClient) -> None:
        channel.sendall(framing.frame(codec.encode(message)))

    send(wire.Hello(limits.CLIENT_VERSION, "runtime"))
    with channel:
        channel.settimeout(60)
        while data := channel.recv(65536):
            for message in map(decode, frames.feed(data)):
                if isinstance(message, wire.Ask):
                    assert message.command == Subscribe((Topic.ENTRIES, Topic.DRIVERS))
                    send(wire.Answer(message.number, codec.raw(None)))
                    send(wire.SnapshotBegin(1, "run"))
                    for entry in entries:
                        send(wire.Part(entries=(entry,)))
                    send(wire.SnapshotEnd())


def test_the_running_runtime_is_asked_first(tmp_path: Path) -> None:
    entries = [
        Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN), retain=2),
        Entry(
            EntryId(ROOT_ID + 1),
            ROOT_ID,
            "MyUserUSBInterfaceDriver",
            "IOUserService",
            props=properties.encode({"IOUserServerPID": 77}),
        ),
    ]
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(60)
        with subprocess.Popen(
            [sys.executable, "-m", "runtime.commands.ioreg", "-r", "-l", "-c", "IOUserService"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "IOREGISTRY_SOCKET": str(path)},
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            _serve(listener, entries)
            assert child.stdout is not None
            assert child.stdout.read() == (
                "+-o MyUserUSBInterfaceDriver  <class IOUserService, id 0x100000101, "
                "registered, matched, active, busy 0, retain 1>\n"
                "    {\n"
                '      "IOUserServerPID" = 77\n'
                "    }\n"
                "    \n"
                "\n"
            )
    assert child.returncode == 0


def test_a_dead_socket_falls_back_to_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    done = _ioreg("-n", "lo", "-r", IOREGISTRY_SOCKET=str(path))
    assert done.stdout.startswith("+-o lo  <class IONetworkInterface")
