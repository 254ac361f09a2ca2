"""The system service on a machine with systemd, polkit and logind: installed, used, removed."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel import image
from tests.kernel.image import GUEST
from tests.kernel.vm import Result, VirtualMachine

ROOT = Path(__file__).resolve().parents[2]
CTL = str(Path(sys.executable).parent / "systemextensionsctl")
SAMPLE = "/opt/Applications/SampleUSB.app"
ANNA, BERTA = 64_101, 64_102
UNIT = "ioregistry.service"
RULE = """polkit.addRule(function(action, subject) {
  if (action.id.indexOf("org.ioregistry.") == 0 && subject.user == "anna" && subject.local
      && subject.active) return polkit.Result.YES;
});
"""
SECONDS = 120.0


class Machine:
    """A guest with systemd as its first program."""

    def __init__(self, vm: VirtualMachine) -> None:
        self._vm = vm

    def run(self, *argv: str) -> Result:
        return self._vm.run(*argv, timeout=SECONDS)

    def ok(self, *argv: str) -> str:
        done = self.run(*argv)
        assert done.code == 0, f"{argv}: {done.stdout}{done.stderr}{self.said()}"
        return done.stdout

    def visit(self, uid: int, where: str, *arguments: str) -> Result:
        """`systemextensionsctl` as another user, who sits at the machine or is away."""
        return self.run(sys.executable, str(GUEST / "visitor.py"), str(uid), where, *arguments)

    def pid(self) -> int:
        return int(self.ok("systemctl", "show", "-P", "MainPID", UNIT))

    def said(self) -> str:
        return self.run("journalctl", "-b", "--no-pager", "-n", "40").stdout


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    made = image.prepare(image.cache_folder())
    with VirtualMachine(made, stage2="stage2_systemd") as vm:
        machine = Machine(vm)
        for name, uid in (("anna", ANNA), ("berta", BERTA)):
            machine.ok("useradd", "--no-create-home", "--uid", str(uid), name)
        rules = "/etc/polkit-1/rules.d/10-tests.rules"
        machine.ok("sh", "-c", f"cat >{rules} <<'END'\n{RULE}END\nchmod 644 {rules}")
        machine.ok("mkdir", "-p", "/opt/Applications")
        machine.ok("cp", "-r", str(ROOT / "resources/samples/SampleUSB.app"), SAMPLE)
        yield machine


def test_it_is_installed_decides_by_polkit_restarts_and_goes(
    machine: Machine, measured: Callable[[str], None]
) -> None:
    # Written and started by hand: over the guest's file system it takes minutes to look whether
    # others can change a file of the program, which tests/unit/commands/test_service.py does.
    machine.ok(CTL, "service", "install", "--root", "/")
    began = time.monotonic()
    machine.ok("systemctl", "daemon-reload")
    machine.ok("systemctl", "enable", "--now", UNIT)
    measured(f"guest: systemctl enable --now → ready {time.monotonic() - began:.1f} s")
    assert machine.ok(CTL, "service", "status") == "installed, running\n"
    away = machine.visit(BERTA, "away", "developer", "on")
    assert (away.code, "found no session" in away.stderr) == (1, True), away.stderr
    seated = machine.visit(BERTA, "seated", "developer", "on")
    assert "no polkit agent runs in this session" in seated.stderr
    assert machine.visit(BERTA, "away", "list").stdout == "0 extension(s)\n"
    anna = machine.visit(ANNA, "seated", "developer", "on")
    assert anna.stdout == "developer mode is on\n", anna.stderr
    asked = machine.visit(BERTA, "away", "activate", SAMPLE)
    assert asked.stdout.endswith(" waiting for approval\n"), asked.stderr
    request = asked.stdout.split()[0]
    assert machine.visit(BERTA, "seated", "approve", request).code == 1
    approved = machine.visit(ANNA, "seated", "approve", request)
    assert approved.stdout == f"approved {request}\n", approved.stderr
    late = machine.visit(ANNA, "seated", "deny", request)
    assert "by user anna" in late.stderr or "by anna" in late.stderr, late.stderr

    before = machine.pid()
    machine.ok("kill", "-9", str(before))
    deadline = time.monotonic() + SECONDS
    while machine.run(CTL, "service", "status").stdout != "installed, running\n" or (
        machine.pid() in (0, before)
    ):
        assert time.monotonic() < deadline, machine.said()
    (extension,) = json.loads(machine.ok(CTL, "list", "--json"))
    assert extension["state"] == "active", "what was approved outlives the service"

    assert machine.ok(CTL, "service", "uninstall").startswith("removed; what it knew stays")
    assert machine.ok(CTL, "service", "status") == "not installed\n"
    assert machine.run("systemctl", "is-active", UNIT).stdout == "inactive\n"
    assert "extensions.sqlite" in machine.ok("ls", "/var/lib/ioregistry")
