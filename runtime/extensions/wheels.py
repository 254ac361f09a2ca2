"""Third-party libraries as pip finds and installs them: wheels only, so no code of theirs runs.

Everything here blocks, and asks whatever package indexes pip is set up for.
Source: pip's installation report, version 1; requirements file format (hashes).
Invariant: what is installed has exactly the hashes that were resolved.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from runtime.linux import roles
from runtime.model.errors import ProblemError, UnavailableError

_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color", "install")
_WHEELS = ("--quiet", "--only-binary=:all:", "--ignore-installed")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Wheel(msgspec.Struct, frozen=True):
    """One resolved distribution; `needed_by` is empty for what was asked for."""

    name: str
    version: str
    sha256: str
    needed_by: tuple[str, ...] = ()


class _ArchiveInfo(msgspec.Struct, frozen=True):
    hashes: dict[str, str] = {}


class _DownloadInfo(msgspec.Struct, frozen=True):
    archive_info: _ArchiveInfo = _ArchiveInfo()


class _Metadata(msgspec.Struct):
    name: str
    version: str
    requires_dist: list[str] = []


class _Install(msgspec.Struct):
    metadata: _Metadata
    download_info: _DownloadInfo
    requested: bool


class _Report(msgspec.Struct):
    install: list[_Install]


def canonical(name: str) -> str:
    """A distribution's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def resolve(requirements: Sequence[str], constraints: Path) -> tuple[Wheel, ...]:
    """The wheels that requirements need, for the Python that drivers run on; by name.

    `constraints` is a file of versions that others have to have, if they are needed.

    Raises:
        ProblemError: ``failed``: a requirement is none, or there is no wheel for it.
        UnavailableError: There is no pip.
    """
    for each in requirements:
        if not _NAME.match(each):
            raise ProblemError("failed", f"requirement: expected a library's name, found {each!r}")
    told = ("--dry-run", "--report", "-", "--constraint", str(constraints))
    said = _pip(*_WHEELS, *told, *requirements)
    try:
        report = msgspec.json.decode(said, type=_Report)
    except msgspec.MsgspecError as error:
        raise ProblemError("failed", f"pip: expected its report, found {error}") from None
    return tuple(
        sorted((_wheel(each, report) for each in report.install), key=lambda wheel: wheel.name)
    )


def install(requirements: Path, folder: Path) -> None:
    """Put wheels into a folder, each of a hash that the requirements file names.

    Raises:
        ProblemError: ``failed``: a wheel is not to be had, or has another hash.
        UnavailableError: There is no pip.
    """
    hashed = ("--no-deps", "--require-hashes", "--no-compile")
    _pip(*_WHEELS, *hashed, "--target", str(folder), "--requirement", str(requirements))


def _wheel(found: _Install, report: _Report) -> Wheel:
    sha256 = found.download_info.archive_info.hashes.get("sha256", "")
    if not sha256:
        raise ProblemError(
            "failed", f"{found.metadata.name}: expected a wheel with a hash, found none"
        )
    name = canonical(found.metadata.name)
    needed_by = tuple(
        canonical(other.metadata.name)
        for other in report.install
        if any(_required(each) == name for each in other.metadata.requires_dist)
    )
    return Wheel(name, found.metadata.version, sha256, () if found.requested else needed_by)


def _required(requirement: str) -> str:
    match = _NAME.match(requirement)
    return canonical(match[0]) if match else ""


def _pip(*arguments: str) -> bytes:
    try:
        done = subprocess.run([roles.python(), *_PIP, *arguments], capture_output=True, check=False)
    except OSError as error:
        raise UnavailableError(
            f"{roles.python()}: expected a Python with pip, found: {error.strerror}"
        ) from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        errors = [line for line in lines if line.startswith("ERROR: ")]
        found = (errors or lines or ["nothing that it said"])[0].removeprefix("ERROR: ")
        raise ProblemError("failed", f"pip: expected it to find and install them, found: {found}")
    return done.stdout
