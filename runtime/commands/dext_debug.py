"""`dext debug`: pdb in a live driver, in this terminal.

Invariant: what is typed goes to the driver's process alone, never through the runtime.
"""

import argparse
import socket
import sys
from pathlib import Path

from runtime.commands import shell, terminal
from runtime.commands.plaintext import plain
from runtime.commands.selection import find_driver
from runtime.model.errors import ProblemError, UnavailableError
from runtime.wire.commands.drivers import DebugDriver
from runtime.wire.commands.registry import GetRecords

PROG = "dext"


def run(options: argparse.Namespace) -> int:
    """Connect, and relay until either side ends."""
    who, door = _open(options)
    with socket.socket(socket.AF_UNIX) as debugger:
        try:
            debugger.connect(door)
        except ConnectionRefusedError:
            found = f"debugger of {plain(who)}: {_refusing(door)}"
            raise ProblemError("not-found", found) from None
        except OSError as error:
            raise UnavailableError(
                f"debugger of {plain(who)}: expected it at {door}, found: {error.strerror or error}"
            ) from error
        print(f"waiting until the Default queue of {plain(who)} runs Python …", flush=True)
        terminal.relay(debugger, sys.stdin.fileno(), sys.stdout.fileno())
    return shell.OK


def _refusing(door: str) -> str:
    if Path(door).is_socket():
        return f"expected it to listen at {door}, found that it has ended"
    return f"expected its socket at {door}, found a file or folder"


def _open(options: argparse.Namespace) -> tuple[str, str]:
    """Have a driver's door opened; the driver's name and the door."""
    with shell.open_runtime(options, PROG) as runtime:
        driver = find_driver(runtime.call(GetRecords()).drivers, options.name)
        return driver.name, runtime.call(DebugDriver(driver.id)).path
