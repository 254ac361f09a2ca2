"""Which app a program is, and what its app is entitled to.

A program is an app's when its executable, or the script that its Python runs, lies in the app's
``Contents/Linux``. Unless developer mode is on, the app's signature has to hold, by a signer that
this machine trusts; else the program has no entitlements. A user's own processes can pretend to be
each other: entitlements keep apps apart, and other users out.
Source: proc(5); Apple, com.apple.developer.driverkit.userclient-access.
Invariant: blocks, so it runs in a worker; what cannot be read is no app.
"""

import datetime
import os
from pathlib import Path

import msgspec

from runtime.extensions.manifest import read_entitlements
from runtime.linux import usage
from runtime.model import properties
from runtime.model.errors import ProblemError
from runtime.wire import limits

_HOST = (b"-m", b"runtime.client.apps")
_COMM = 15  # bytes of a name in /proc/PID/comm, proc_pid_comm(5)


class Program(msgspec.Struct, frozen=True, array_like=True):
    """A process: its name, its app's folder (empty: no app), and the app's entitlements."""

    name: str
    app: str
    entitlements: msgspec.Raw
    why_none: str = ""  # why there are no entitlements, one sentence


def identify(pid: int, started: int, state_dir: Path, *, developer: bool) -> Program:
    """Find out what a process is; `started` in ticks, so that it is no other by now.

    Raises:
        ProblemError: ``gone``: it has ended.
    """
    folder = Path(f"/proc/{pid}")
    try:
        name = _name_of(folder)
        app = _app_of(folder)
    except OSError:
        raise ProblemError("gone", f"process {pid}: expected it to run, found it gone") from None
    if usage.started_ticks(pid) != started:
        raise ProblemError("gone", f"process {pid}: expected the one that asked, found another")
    if app is None:
        return Program(name, "", properties.NONE, "it is not the program of an app")
    try:
        granted, why_none = _entitlements(app, state_dir, developer=developer)
    except ProblemError as error:
        return Program(name, str(app), properties.NONE, str(error))
    return Program(name, str(app), properties.encode(granted), why_none)


def _name_of(process: Path) -> str:
    """What the process is called; of a longer name the kernel has the first 15 bytes."""
    name = (process / "comm").read_bytes().removesuffix(b"\n")
    for argument in (process / "cmdline").read_bytes().split(b"\0")[:2]:  # a script is the second
        whole = argument.rpartition(b"/")[2]
        if len(name) == _COMM and whole.startswith(name) and len(whole) <= limits.NAME:
            name = whole
    return name.decode(errors="replace")


def _app_of(process: Path) -> Path | None:
    executable = (process / "exe").readlink()
    arguments = (process / "cmdline").read_bytes().split(b"\0")
    if executable.name.startswith("python") or arguments[1:3] == list(_HOST):
        at = 3 if arguments[1:3] == list(_HOST) else 1
        script = os.fsdecode(b"".join(arguments[at : at + 1]))
        executable = ((process / "cwd").readlink() / script).resolve()
    folder = executable.parent
    app = folder.parent.parent
    is_program = (folder.name, folder.parent.name, app.suffix) == ("Linux", "Contents", ".app")
    return app if is_program else None


def _entitlements(
    app: Path, state_dir: Path, *, developer: bool
) -> tuple[properties.Properties, str]:
    # X.509 takes 100 ms to import, and the runtime imports this module without running it.
    from runtime.extensions import signed_app, trust_folder  # noqa: PLC0415
    from runtime.signing import code  # noqa: PLC0415

    whole = signed_app.read(app)
    part = whole.app
    granted = read_entitlements(part.files, part.label)
    if developer:
        return granted, ""
    if code.SIGNATURE not in part.files:
        return {}, f"{app.name} is not signed"
    own, _ = signed_app.verify(whole)
    now = datetime.datetime.now(datetime.UTC)
    code.judge_signer(own, part.files, trust_folder.load(state_dir), now, part.label)
    return granted, ""
