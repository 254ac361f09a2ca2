"""The whole line on Debian's kernel: activate, approve, plug, crash, restart, unplug."""

import json
import re
import sys
from pathlib import Path

from tests.kernel.conftest import Inspector

ROOT = Path(__file__).resolve().parents[2]
NAME = "MyUserUSBInterfaceDriver"


def server_pid(printed: str) -> int:
    """Return the driver's process by its registry entry, 0 for none."""
    found = re.search(r'"IOUserServerPID" = (\d+)', printed)
    return int(found[1]) if found else 0


def test_the_whole_line(inspector: Inspector) -> None:
    app = ROOT / "resources" / "samples" / "SampleUSB.app"
    inspector.run("systemextensionsctl", "developer", "on")
    inspector.run("systemextensionsctl", "activate", str(app))
    (request,) = json.loads(inspector.run("systemextensionsctl", "pending", "--json"))
    inspector.run("systemextensionsctl", "approve", request["id"])
    inspector.run("dext", "plug", "sample")

    entry = ("ioreg", "-r", "-n", NAME, "-l")
    first = server_pid(inspector.until(lambda printed: server_pid(printed) > 0, *entry))
    status = inspector.machine.run("cat", f"/proc/{first}/status").stdout
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status

    inspector.run("dext", "crash", NAME)
    second = server_pid(
        inspector.until(lambda printed: server_pid(printed) not in {0, first}, *entry)
    )
    assert inspector.machine.run("kill", "-0", str(first)).code != 0
    assert "Start" in inspector.run("dext", "log", NAME)

    inspector.run("dext", "unplug", "sample")
    inspector.until(lambda printed: NAME not in printed, "ioreg", "-w0")
    assert inspector.machine.run("kill", "-0", str(second)).code != 0


def test_the_window_renders_off_screen(inspector: Inspector) -> None:
    picture = "/run/window.png"
    result = inspector.machine.run(
        *(sys.executable, "-m", "ioregui", "--screenshot", picture),
        env={
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_RUNTIME_DIR": "/run",
            "IOREGISTRY_STATE_DIR": "/run/w",
        },
        timeout=240,
    )
    assert result.code == 0, result.stdout + result.stderr
    size = inspector.machine.run("stat", "-c", "%s", picture).stdout
    head = inspector.machine.run("head", "-c", "4", picture).stdout
    assert "PNG" in head
    assert int(size) > 10_000
