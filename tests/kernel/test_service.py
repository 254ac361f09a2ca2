"""The system service on a machine with systemd, polkit and logind: installed, used, removed."""

import json
import re
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
DEXT, IOREG = (str(Path(sys.executable).with_name(name)) for name in ("dext", "ioreg"))
ANNA, BERTA = 64_101, 64_102
PASSWORD = "what only anna knows"
UNIT = "ioregistry.service"
RULE = """polkit.addRule(function(action, subject) {
  if (action.id.indexOf("org.ioregistry.") == 0 && subject.user == "anna" && subject.local
      && subject.active) return polkit.Result.YES;
});
"""
SECONDS = 300.0  # 10 where the machine is fast and idle
SLOWLY = f"""[Service]
TimeoutStartSec=infinity
Environment=PYTHONPATH={ROOT}
"""
"""The guest runs Python about 15 times slower; and these very sources, wherever they are."""


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

    def until(self, true: Callable[[], bool]) -> None:
        """Look again and again."""
        deadline = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < deadline, self.said()

    def scheduled(self, pid: int) -> set[str]:
        """Policy and priority of its threads."""
        said = self.ok("chrt", "--all-tasks", "--pid", str(pid))
        policies = re.findall(r"policy: (SCHED_[A-Z]+)", said)
        return {
            f"{policy} {priority}"
            for policy, priority in zip(policies, re.findall(r"priority: (\d+)", said), strict=True)
        }

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
        machine.ok("usermod", "--append", "--groups", "sudo", "anna")
        machine.ok("sh", "-c", f"echo 'anna:{PASSWORD}' | chpasswd")
        folder = f"/run/systemd/system/{UNIT}.d"
        machine.ok("sh", "-c", f"mkdir -p {folder}; cat >{folder}/slowly.conf <<'END'\n{SLOWLY}END")
        machine.ok("mkdir", "-p", "/opt/Applications")
        machine.ok("cp", "-r", str(ROOT / "resources/samples/SampleUSB.app"), SAMPLE)
        yield machine


def test_the_window_installs_it_with_an_administrator_s_password(machine: Machine) -> None:
    """Berta has the window, and polkit asks for Anna's: first it cannot, then hers is wrong."""
    module = "tests.kernel.guest.password"
    tries = ("", "not this one", PASSWORD)
    lines = machine.ok(sys.executable, "-m", module, str(BERTA), *tries).splitlines()
    first = "Installing the system service needs an administrator's password."
    none = (
        "The system service was not installed: nobody to ask for a password: no polkit agent runs "
        "in this session"
    )
    wrong = "The system service was not installed: no administrator said yes"
    done = ["The system service is installed; this window goes over to it.", "Quit"]
    assert [json.loads(line) for line in lines] == [[first, none], [first, wrong], [first, *done]]
    assert machine.ok(CTL, "service", "status") == "installed, not running\n"


def runs_as_it_says(machine: Machine) -> None:
    """The driver of the sample has what the unit lets it have, as the kernel tells it."""
    machine.ok(DEXT, "plug", "sample")
    machine.until(lambda: machine.ok(DEXT, "list").partition(",")[0].endswith(" running"))
    (driver,) = json.loads(machine.ok(DEXT, "list", "--json"))
    short = [said for said in driver["missing"] if "elevated" in said or "control group" in said]
    assert not short
    (broker,) = re.findall(r'"BrokerPID" = (\d+)', machine.ok(IOREG, "-l", "-w0"))
    first, own = {driver["pid"], int(broker)}, machine.pid()
    machine.until(lambda: all(machine.scheduled(pid) == {"SCHED_RR 1"} for pid in first))
    machine.until(lambda: machine.scheduled(own) == {"SCHED_RR 2"})
    status = machine.ok("cat", f"/proc/{driver['pid']}/status")
    held = {"CapPrm": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    assert held.items() <= dict(re.findall(r"^(\w+):\t(\S+)", status, re.MULTILINE)).items()
    limits = machine.ok("cat", f"/proc/{driver['pid']}/limits")
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits
    locked = re.search(r"^Max locked memory +(\d+) +\1 ", limits, re.MULTILINE)
    assert locked is not None, limits
    assert f"{int(locked[1]) >> 10} KiB of it locked" in " ".join(driver["may"])
    group = machine.ok("cat", f"/proc/{driver['pid']}/cgroup").strip().removeprefix("0::")
    assert group.startswith(f"/system.slice/{UNIT}/")
    files = [f"/sys/fs/cgroup{group}/{name}" for name in ("memory.max", "pids.max", "cpu.weight")]
    assert machine.ok("cat", *files).split() == [str(512 << 20), "64", "50"]


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

    runs_as_it_says(machine)

    before = machine.pid()
    machine.ok("kill", "-9", str(before))
    machine.until(lambda: machine.pid() not in (0, before))
    machine.until(lambda: machine.run(CTL, "service", "status").stdout == "installed, running\n")
    (extension,) = json.loads(machine.ok(CTL, "list", "--json"))
    assert extension["state"] == "active", "what was approved outlives the service"

    assert machine.ok(CTL, "service", "uninstall").startswith("removed; what it knew stays")
    assert machine.ok(CTL, "service", "status") == "not installed\n"
    assert machine.run("systemctl", "is-active", UNIT).stdout == "inactive\n"
    assert "extensions.sqlite" in machine.ok("ls", "/var/lib/ioregistry")
