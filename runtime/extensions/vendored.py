"""The third-party libraries of a bundle: `Resources/python`, and the file there that pins them.

The file is one of pip's requirements, each with the SHA-256 of its wheel; those that were asked for
are marked, the others came because those need them. The folder is always made whole from it.
Everything here blocks. Invariant: the folder is the old one or the new one, and what somebody else
put there is never lost.
"""

import csv
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from runtime.extensions import wheels
from runtime.extensions.bundle import EXTENSIONS_FOLDER
from runtime.extensions.wheels import Wheel
from runtime.linux.libc import function
from runtime.model import archive
from runtime.model.errors import ProblemError, UnavailableError

FOLDER = "Resources/python"
PINS = "requirements.txt"
_PIN = re.compile(r"(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})  # (?:asked for|needed by (.+))")
_AT_FDCWD, _EXCHANGE = -100, 2


def driver_bundle(path: Path) -> Path:
    """The driver extension that a path is, or that is the only one in the app that it is.

    Raises:
        ProblemError: ``not-found``: there is none, or several.
    """
    if path.suffix == ".dext" and path.is_dir():
        return path
    found = sorted((path / EXTENSIONS_FOLDER).glob("*.dext"))
    if path.suffix != ".app" or len(found) != 1:
        raise ProblemError(
            "not-found",
            f"{path}: expected a driver extension or an app with one, found {len(found) or 'none'}",
        )
    return found[0]


def add(bundle: Path, requirements: Sequence[str]) -> tuple[Wheel, ...]:
    """Put libraries with all that they need into a bundle, beside those that are there.

    One that is there keeps its version unless it is asked for again.

    Returns:
        All that are there now.

    Raises:
        ProblemError: They cannot be had, or the folder holds what nobody would put back.
        UnavailableError: The folder cannot be written, or there is no pip.
    """
    folder = bundle / FOLDER
    _refuse_foreign(folder)
    again = {wheels.canonical(re.split(r"[^\w.-]", each)[0]) for each in requirements}
    pins = [pin for pin in _pins(folder) if pin.name not in again]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=folder.parent) as temporary:
            held = Path(temporary) / "constraints.txt"
            held.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins))
            kept = [pin.name for pin in pins if not pin.needed_by]
            found = wheels.resolve([*kept, *requirements], held)
            new = Path(temporary) / "python"
            new.mkdir()
            (new / PINS).write_text("".join(map(_line, found)))
            wheels.install(new / PINS, new)
            shutil.rmtree(new / "bin", ignore_errors=True)  # commands; nobody can run them
            _exchange(new, folder)
    except OSError as error:
        raise UnavailableError(f"{folder}: expected to write it, found: {error.strerror}") from None
    return found


def native_modules(bundle: Path) -> int:
    """How many shared libraries a bundle has vendored."""
    return sum(archive.is_native(str(path)) for path in (bundle / FOLDER).rglob("*"))


def _exchange(new: Path, old: Path) -> None:
    if not old.exists():
        new.rename(old)
        return
    function("renameat2", _AT_FDCWD, bytes(new), _AT_FDCWD, bytes(old), _EXCHANGE)


def _line(wheel: Wheel) -> str:
    why = f"needed by {', '.join(wheel.needed_by)}" if wheel.needed_by else "asked for"
    return f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}  # {why}\n"


def _pins(folder: Path) -> list[Wheel]:
    path = folder / PINS
    if not path.is_file():
        return []
    found: list[Wheel] = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        pin = _PIN.fullmatch(line)
        if pin is None:
            raise ProblemError(
                "failed", f"{path}: line {number}: expected NAME==VERSION --hash=…, found {line!a}"
            )
        found.append(Wheel(pin[1], pin[2], pin[3], tuple(pin[4].split(", ") if pin[4] else ())))
    return found


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder with files that no installed library lists as its own."""
    known = {Path(PINS)}
    for record in folder.glob("*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as file:
            known |= {Path(row[0]) for row in csv.reader(file) if row}
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() and path.relative_to(folder) not in known:
            if "__pycache__" in path.parts:
                continue
            raise ProblemError(
                "failed",
                f"{path}: expected only what `dext vendor` put there, found another file; "
                "keep your own modules beside the driver's",
            )
