"""`systemextensionsctl service`: the system service on this machine: install, remove, look.

`install` writes the systemd unit and the polkit policy and starts the service; `uninstall` stops it
and removes both. What the service knows stays in its state folder. Needs root; the window calls
this through pkexec.
Source: systemd.unit(5), systemd.service(5) (quoting), sd_booted(3), polkit(8).
Invariant: root never runs what somebody else can change.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.commands import files, shell
from runtime.commands.plaintext import plain
from runtime.linux import ownership, roles
from runtime.linux.arguments import Parser
from runtime.model.errors import ProblemError

UNIT = "ioregistry.service"
POLICY = "org.ioregistry.Inspector.policy"
UNITS_FOLDER = Path("etc/systemd/system")
ACTIONS_FOLDER = Path("usr/share/polkit-1/actions")
_BOOTED = Path("/run/systemd/system")  # is there where systemd runs
_SECONDS = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    """What the window starts as root: the verb alone."""
    parser = Parser(prog="service", allow_abbrev=False)
    add_options(parser)
    options = parser.parse_args(sys.argv[1:] if argv is None else argv)
    return shell.run("service", lambda: run(options))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("what", choices=["install", "uninstall", "status"], help="what to do")
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="",
        help="for packagers: write below this folder, and start or stop nothing",
    )
    parser.add_argument("--json", action="store_true", help="of status: one array of objects")


def run(options: argparse.Namespace) -> int:
    """Carry the verb out; returns the exit code."""
    top = Path(options.root or "/")
    match options.what:
        case "install":
            install(top, start=not options.root)
        case "uninstall":
            uninstall(top, stop=not options.root)
        case _:
            installed = (top / UNITS_FOLDER / UNIT).exists()
            state = _state() if installed else ""
            if options.json:
                shell.print_json([{"installed": installed, "state": state}])
            else:
                print(f"installed, {state}" if installed else "not installed")
    return shell.OK


def install(top: Path, *, start: bool) -> None:
    """Write unit and policy below `top`, and start the service.

    Raises:
        ProblemError: ``not-allowed``: not root, or others can change the program; ``failed``:
            no systemd runs here, a file cannot be written, or systemd did not start it.
    """
    if start:
        _require_root()
        _require_systemd()
        _require_own_program()
    unit = (roles.resources() / "systemd" / UNIT).read_text(encoding="utf-8")
    policy = (roles.resources() / "polkit" / POLICY).read_bytes()
    made = unit.replace("@PROGRAM@", " ".join(map(_quoted, roles.argv("runtime"))))
    files.replace({top / UNITS_FOLDER / UNIT: made.encode(), top / ACTIONS_FOLDER / POLICY: policy})
    for path in (top / UNITS_FOLDER / UNIT, top / ACTIONS_FOLDER / POLICY):
        path.chmod(0o644)
    if not start:
        print(f"written below {plain(str(top))}")
    else:
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", UNIT)
        _systemctl("restart", UNIT)  # one that ran already runs the new program
        print("installed and started")


def uninstall(top: Path, *, stop: bool) -> None:
    """Stop the service and remove unit and policy; fine where there are none.

    Raises:
        ProblemError: ``not-allowed``: not root; ``failed``: a file cannot be removed, or systemd
            did not stop it.
    """
    if stop:
        _require_root()
    unit = top / UNITS_FOLDER / UNIT
    runs = stop and _BOOTED.is_dir()
    if runs and unit.exists():
        _systemctl("disable", "--now", UNIT)
    for path in (unit, top / ACTIONS_FOLDER / POLICY):
        if path.exists():
            files.remove(path)
    if runs:
        _systemctl("daemon-reload")
    if not stop:
        print(f"removed below {plain(str(top))}")
    else:
        print("removed; what it knew stays in /var/lib/ioregistry")


def _require_root() -> None:
    if os.geteuid() != 0:
        raise ProblemError(
            "not-allowed", f"service: expected root to change it, found user {os.geteuid()}"
        )


def _require_systemd() -> None:
    if not _BOOTED.is_dir():
        raise ProblemError(
            "failed",
            "service: expected systemd to run here and start it, found none; "
            "`--root DIR` only writes its files",
        )


def _require_own_program() -> None:
    program = (Path(sys.executable), Path(__file__).parents[1], roles.resources())
    found = ownership.changeable((*program, *(Path(folder) for folder in _import_folders())))
    if found is not None:
        raise ProblemError(
            "not-allowed",
            f"{found}: expected a program that only root can change, as root will run it, found "
            "others can; install it in a folder like /opt/ioregistry first",
        )


def _import_folders() -> list[str]:
    return [folder for folder in sys.path if folder and Path(folder).is_dir()]


def _quoted(argument: str) -> str:
    """An argument of ExecStart=: specifiers and quotes are the argument's own."""
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$")}"'


def _systemctl(*arguments: str) -> None:
    try:
        done = subprocess.run(
            ["systemctl", *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProblemError("failed", f"systemctl: expected it to run, found: {error}") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise ProblemError(
            "failed", f"systemctl {' '.join(arguments)}: expected it to succeed, found: {said}"
        )


def _state() -> str:
    try:
        _systemctl("is-active", UNIT)
    except ProblemError:
        return "not running"
    return "running"


if __name__ == "__main__":
    sys.exit(main())
