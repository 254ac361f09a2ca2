"""Third program of the guest: runs what the harness asks for, one command at a time.

Reads one JSON object a line from the virtio port named ``agent`` and answers with one:
``{"argv", "env", "timeout"}`` → ``{"code", "stdout", "stderr", "wall_ns"}``; code is -1 and
stderr says why when the command could not be started or took too long.
Invariant: standard library only; ends with its port.
"""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any


def find_port(name: str) -> Path:
    """Return the device node of the virtio port with this name."""
    for port in Path("/sys/class/virtio-ports").iterdir():
        if (port / "name").read_text().strip() == name:
            return Path("/dev") / port.name
    raise LookupError(f"virtio ports: expected one named {name}, found none")


def carry_out(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command to its end."""
    try:
        done = subprocess.run(
            request["argv"],
            env=os.environ | request["env"],
            timeout=request["timeout"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"code": -1, "stdout": "", "stderr": str(error)}
    return {
        "code": done.returncode,
        "stdout": done.stdout.decode(errors="replace"),
        "stderr": done.stderr.decode(errors="replace"),
    }


def main() -> None:
    """Serve until the harness goes."""
    with find_port("agent").open("r+b", buffering=0) as port, port:
        port.write(b'{"ready": true}\n')
        pending = b""
        while received := port.read(65536):
            pending += received
            *lines, pending = pending.split(b"\n")
            for line in lines:
                answer = carry_out(json.loads(line))
                answer["wall_ns"] = time.time_ns()
                data = json.dumps(answer).encode() + b"\n"
                while data:
                    data = data[port.write(data) or 0 :]


if __name__ == "__main__":
    main()
