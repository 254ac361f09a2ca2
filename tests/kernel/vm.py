"""A running VM: Debian's kernel on the host's own files, which it cannot write to.

Devices come and go by QMP; commands run in the guest by `guest/agent.py`. No KVM is needed:
the guest is emulated, so only its behaviour means anything, never its speed.
Invariant: closing a VM leaves no process, socket or folder of it.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kernel.image import GUEST, Image

BOOT_TIMEOUT = 120.0  # seconds; 4 on an idle machine
_KERNEL_PARAMETERS = (
    "console=ttyS0 quiet loglevel=4 mitigations=off tsc=reliable no_timer_check "
    # A guest in which something stays in the kernel for good ends, and its console says where.
    "oops=panic panic=-1 hung_task_panic=1 sysctl.kernel.hung_task_timeout_secs=90 "
    "lsm=landlock,lockdown,yama,integrity,apparmor cryptomgr.notests"
)


@dataclass(frozen=True)
class Result:
    """How a command ended in the guest. `wall_ns`: the guest's clock when it had ended."""

    code: int
    stdout: str
    stderr: str
    wall_ns: int


class _Lines:
    """JSON objects, one a line, over a Unix stream socket."""

    def __init__(self, path: Path, deadline: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._pending = b""
        while True:
            try:
                self._socket.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    self._socket.close()
                    raise
                time.sleep(0.01)  # QEMU has not made its socket yet
            else:
                return

    def send(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, timeout: float) -> dict[str, Any]:
        self._socket.settimeout(timeout)
        while b"\n" not in self._pending:
            data = self._socket.recv(65536)
            if not data:
                raise EOFError("VM: expected an answer, found its end")
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        self._socket.close()


class VirtualMachine:
    """One guest with a USB keyboard below an xHCI controller, and a PCI device that interrupts.

    `stage2` is the program in `guest/` that goes on once the host's files are reached.
    """

    def __init__(
        self, image: Image, memory: str = "2G", stage2: str = "stage2", processors: int = 2
    ) -> None:
        self._stage2 = GUEST / stage2
        self._folder = tempfile.TemporaryDirectory(prefix="ioregistry-vm-")
        self.console = Path(self._folder.name) / "console"
        size = ("-m", memory, "-smp", str(processors))
        began = time.monotonic()
        with self.console.open("wb") as console:
            self._process = subprocess.Popen(
                self._command(image, size), stdin=subprocess.DEVNULL, stdout=console, stderr=2
            )
        try:
            self._qmp = _Lines(Path(self._folder.name) / "qmp", began + 10)
            self._qmp.receive(10)  # the greeting
            self._command_qmp("qmp_capabilities", {})
            self._agent = _Lines(Path(self._folder.name) / "agent", began + 10)
            self._agent.receive(BOOT_TIMEOUT)  # ready
        except (OSError, EOFError) as error:
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f"VM: expected its agent, found {self._said(error)}") from error
        self.boot_seconds = time.monotonic() - began

    def _command(self, image: Image, size: tuple[str, ...]) -> list[str]:
        variables = {
            "STAGE2": self._stage2,
            "AGENT": GUEST / "agent.py",
            "PYTHON": sys.executable,
            "MODULES": image.modules,
            "PYTHONPATH": Path(__file__).resolve().parents[2],  # the guest imports what we do
        }
        parameters = " ".join(f"{name}={value}" for name, value in variables.items())
        folder = self._folder.name
        return [
            "qemu-system-x86_64",
            *("-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "Nehalem", *size),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-serial", "stdio", "-kernel", str(image.kernel), "-initrd", str(image.initrd)),
            *("-append", f"{_KERNEL_PARAMETERS} {parameters}"),
            *("-fsdev", "local,id=h,path=/,security_model=none,readonly=on,multidevs=remap"),
            *("-device", "virtio-9p-pci,fsdev=h,mount_tag=host"),
            *("-device", "virtio-serial-pci"),
            *("-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=agent"),
            *("-chardev", f"socket,id=qmp,path={folder}/qmp,server=on,wait=off"),
            *("-mon", "chardev=qmp,mode=control"),
            *("-device", "qemu-xhci,id=xhci", "-device", "usb-kbd,bus=xhci.0"),
            *("-device", "edu"),
        ]

    def run(self, *argv: str, env: dict[str, str] | None = None, timeout: float = 60.0) -> Result:
        """Run a command in the guest and wait for its end; `timeout` in seconds.

        RuntimeError: the guest has died, or answers nobody; with what its console says.
        """
        self._agent.send({"argv": argv, "env": env or {}, "timeout": timeout})
        try:
            return Result(**self._agent.receive(timeout + 30))
        except (OSError, EOFError) as error:
            said = self._said(error)
            raise RuntimeError(f"VM: expected an end of {argv[0]}, found {said}") from error

    def _said(self, error: Exception) -> str:
        return f"{error!r}: {self.console.read_text(errors='replace')[-4000:]}"

    def device_add(self, driver: str, name: str, **options: str) -> None:
        """Plug a QEMU USB device into the guest's controller."""
        arguments = {"driver": driver, "bus": "xhci.0", "id": name, **options}
        self._command_qmp("device_add", arguments)

    def press_key(self, key: str) -> None:
        """Press and release a key of the machine's keyboard, by QEMU's name of it."""
        self._command_qmp("send-key", {"keys": [{"type": "qcode", "data": key}]})

    def serial_line(self, name: str) -> socket.socket:
        """Make a character device of this name; the other end of its line, the caller's."""
        path = f"{self._folder.name}/{name}"
        address = {"type": "unix", "data": {"path": path}}
        backend = {"type": "socket", "data": {"addr": address, "server": True, "wait": False}}
        self._command_qmp("chardev-add", {"id": name, "backend": backend})
        line = socket.socket(socket.AF_UNIX)
        line.connect(path)
        return line

    def device_del(self, name: str) -> None:
        """Unplug it."""
        self._command_qmp("device_del", {"id": name})

    def _command_qmp(self, command: str, arguments: dict[str, Any]) -> None:
        self._qmp.send({"execute": command, "arguments": arguments})
        while "event" in (answer := self._qmp.receive(30)):
            pass  # an event of the machine may come before the answer
        if "error" in answer:
            raise RuntimeError(f"QMP {command}: {answer['error']['desc']}")

    def close(self) -> None:
        """Switch it off and remove what it left."""
        self._process.kill()
        self._process.wait()
        self._qmp.close()
        self._agent.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
