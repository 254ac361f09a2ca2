"""The crash reports of a state folder: one JSON file each, bounded and rotated.

Invariant: a report is whole or absent; at most `KEPT` are there, the oldest go first.
"""

from pathlib import Path

import msgspec

from runtime.model.crash_report import CrashReport, CrashSummary
from runtime.model.errors import ProblemError, UnavailableError

KEPT = 100
LARGEST = 512 << 10  # bytes of a file that is read

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CrashReport).decode
_decode_summary = msgspec.json.Decoder(CrashSummary).decode


class CrashFolder:
    """Reads and writes one folder of reports."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; files that are no reports are left alone.

        Raises:
            UnavailableError: The folder cannot be made or read.
        """
        self._folder = folder
        self._reports: dict[str, CrashSummary] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in sorted(folder.glob("*.json")):
                self._remember(path)
        except OSError as error:
            raise UnavailableError(
                f"crash reports {folder}: expected a folder that can be written, "
                f"found: {error.strerror}"
            ) from error

    def add(self, report: CrashReport) -> None:
        """Write a report, and remove the oldest beyond `KEPT`.

        Raises:
            OSError: It cannot be written; no part of it is left.
        """
        path = self._path(report.id)
        part = path.with_suffix(".part")
        try:
            part.write_bytes(msgspec.json.format(_encode(report), indent=1))
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._reports[report.id] = report.summary
        while len(self._reports) > KEPT:
            oldest = min(self._reports, key=lambda key: self._reports[key].wall_ns)
            del self._reports[oldest]
            self._path(oldest).unlink(missing_ok=True)

    def list(self) -> tuple[CrashSummary, ...]:
        """All reports, newest first."""
        return tuple(sorted(self._reports.values(), key=_when, reverse=True))

    def read(self, report: str) -> CrashReport:
        """One report by its id, or by a beginning that no other has.

        Raises:
            ProblemError: ``not-found``: none, or several have it, or its file is gone or damaged.
        """
        known = [each for each in self._reports if each.startswith(report)]
        if report in self._reports:
            known = [report]
        if len(known) != 1:
            found = f"{len(known)} that begin so" if known else "none"
            raise ProblemError(
                "not-found", f"crash report {report}: expected one that is kept, found {found}"
            )
        try:
            return _decode(self._path(known[0]).read_bytes())
        except (OSError, msgspec.MsgspecError) as error:
            raise ProblemError(
                "not-found", f"crash report {report}: expected a readable file, found: {error}"
            ) from error

    def _remember(self, path: Path) -> None:
        if path.stat().st_size > LARGEST:
            return
        try:
            summary = _decode_summary(path.read_bytes())
        except msgspec.MsgspecError:
            return  # somebody else's file
        if summary.id == path.stem:
            self._reports[summary.id] = summary

    def _path(self, report: str) -> Path:
        return self._folder / f"{report}.json"


def _when(summary: CrashSummary) -> int:
    return summary.wall_ns
