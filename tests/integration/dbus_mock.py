"""A service of the desktop or the system, played by python-dbusmock in a process of its own."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import BusType

from runtime.linux.bus import Bus

PYTHON = "/usr/bin/python3"  # Debian's, which has dbusmock
MOCK = "org.freedesktop.DBus.Mock"
SECONDS = 20.0
SESSION_BUS = """<busconfig>
  <type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>"""


def missing() -> str:
    """What a test that needs this has to skip for; empty where nothing is missing."""
    for program in ("dbus-daemon", PYTHON):
        if shutil.which(program) is None:
            return f"no {program}: packages dbus and python3"
    found = subprocess.run([PYTHON, "-c", "import dbusmock"], capture_output=True, check=False)
    return "no dbusmock: package python3-dbusmock" if found.returncode else ""


def start_bus(path: Path) -> subprocess.Popen[bytes]:
    """A bus that listens there; the caller ends the process."""
    config = path.with_suffix(".conf")
    config.write_text(SESSION_BUS.format(path=path))
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(lambda: listens(path), process)
    return process


def listens(path: Path) -> bool:
    """Whether it can be connected to: its path is there a moment before that."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def wait_for(look: Any, process: subprocess.Popen[bytes]) -> Any:
    """What `look` finds, as soon as it finds something; `process` has to live that long."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert process.poll() is None, "the process ended"
        assert time.monotonic() < deadline, "expected it in time, found nothing"
        time.sleep(0.01)
    return found


class Mock:
    """A template of dbusmock on a bus, whose address the environment has."""

    def __init__(self, kind: BusType, template: str, service: str, path: str, log: Path) -> None:
        self._kind, self._service, self._path, self._log = kind, service, path, log
        side = "--session" if kind is BusType.SESSION else "--system"
        parameters = {"capabilities": "body actions body-markup"}
        self._process = subprocess.Popen(
            [
                *(PYTHON, "-m", "dbusmock", side, "--template", template),
                *("--parameters", json.dumps(parameters), "--logfile", str(log)),
            ],
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        wait_for(self._serves, self._process)

    def calls(self, member: str) -> list[str]:
        """The arguments of each call of a method, as dbusmock writes them."""
        lines = self._log.read_text().splitlines()
        found = [line.split(" ", 2)[1:] for line in lines]
        return [line[-1] for line in found if line[0] == member]

    def order(self, member: str, signature: str = "", *body: object) -> list[Any]:
        """Have the mock do something, as `org.freedesktop.DBus.Mock` names it."""
        return self._call(self._path, f"{MOCK}.{member}", signature, *body)

    def call(self, path: str, method: str, signature: str = "", *body: object) -> list[Any]:
        """Call a method of an object that the mock made."""
        return self._call(path, method, signature, *body)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _serves(self) -> bool:
        daemon = "org.freedesktop.DBus"
        ask = self._ask(daemon, "/", f"{daemon}.NameHasOwner", "s", self._service)
        return bool(asyncio.run(ask)[0])

    def _call(self, path: str, method: str, signature: str, *body: object) -> list[Any]:
        return asyncio.run(self._ask(self._service, path, method, signature, *body))

    async def _ask(
        self, service: str, path: str, method: str, signature: str, *body: object
    ) -> list[Any]:
        bus = Bus(self._kind)
        try:
            return await bus.call(service, path, method, signature, body)
        finally:
            bus.close()


def skip_where_missing() -> None:
    """Skip the test where there is no dbusmock."""
    if why := missing():
        pytest.skip(why)
