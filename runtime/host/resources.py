"""What a bundle's libraries find of themselves: files beside their modules, and what they are.

`importlib.resources` reads the files, `importlib.metadata` name and version of what is vendored.
There is no path of a file: it lies in memory.
Source: importlib.resources.abc, importlib.metadata (Python 3.11).
Invariant: what is read is what was in the sealed archive.
"""

import io
import os
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution
from importlib.resources.abc import Traversable, TraversableResources
from pathlib import Path, PurePosixPath
from typing import IO, Literal, overload

StrPath = str | os.PathLike[str]

_SEPARATORS = re.compile(r"[-_.]+")


class BundleFile(Traversable):
    """A file or folder of a bundle; `path` is relative to it, "" is the bundle itself."""

    def __init__(self, files: Mapping[str, bytes], path: PurePosixPath) -> None:
        self._files = files
        self._path = path

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._path.name

    def is_file(self) -> bool:
        """Whether it is a file."""
        return str(self._path) in self._files

    def is_dir(self) -> bool:
        """Whether there is something below it."""
        return any(self._path in PurePosixPath(each).parents for each in self._files)

    def iterdir(self) -> Iterator["BundleFile"]:
        """What is directly below it, by name."""
        below = (PurePosixPath(each) for each in self._files)
        depth = len(self._path.parts)
        names = {each.parts[depth] for each in below if self._path in each.parents}
        for name in sorted(names):
            yield BundleFile(self._files, self._path / name)

    def joinpath(self, *descendants: StrPath) -> "BundleFile":
        """A file or folder below it, there or not."""
        return BundleFile(self._files, self._path.joinpath(*descendants))

    def read_bytes(self) -> bytes:
        """Its content; FileNotFoundError: it is no file."""
        try:
            return self._files[str(self._path)]
        except KeyError:
            raise FileNotFoundError(
                f"{self._path}: expected a file of the bundle, found none"
            ) from None

    def read_text(self, encoding: str | None = None) -> str:
        """Its content as text; FileNotFoundError: it is no file."""
        return self.read_bytes().decode(encoding or "utf-8")

    @overload
    def open(
        self, mode: Literal["r"] = "r", *, encoding: str | None = None, errors: str | None = None
    ) -> IO[str]: ...
    @overload
    def open(self, mode: Literal["rb"]) -> IO[bytes]: ...
    def open(
        self, mode: str = "r", *, encoding: str | None = None, errors: str | None = None
    ) -> IO[str] | IO[bytes]:
        """Its content as a stream: text, or with mode ``rb`` bytes; FileNotFoundError."""
        stream = io.BytesIO(self.read_bytes())
        return stream if mode == "rb" else io.TextIOWrapper(stream, encoding or "utf-8", errors)


class PackageResources(TraversableResources):
    """The files of one package."""

    def __init__(self, files: Mapping[str, bytes], folder: PurePosixPath) -> None:
        self._root = BundleFile(files, folder)

    def files(self) -> BundleFile:
        """The package's folder."""
        return self._root


class BundleDistribution(Distribution):
    """A vendored library's own description."""

    def __init__(self, files: Mapping[str, bytes], folder: PurePosixPath) -> None:
        self._path = folder
        self._folder = BundleFile(files, folder)

    def read_text(self, filename: StrPath) -> str | None:
        """A file of its description; None where there is none."""
        file = self._folder.joinpath(filename)
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def locate_file(self, path: StrPath) -> Path:
        """Where a file of the library is in the bundle."""
        return Path(self._path.parent / path)


def distributions(
    files: Mapping[str, bytes], folder: str, name: str | None
) -> Iterator[BundleDistribution]:
    """The libraries in a folder of the bundle, those of a name or all."""
    for each in files:
        path = PurePosixPath(each)
        if path.match(f"{folder}*.dist-info/METADATA"):
            known = path.parent.name.partition("-")[0]
            if name is None or _canonical(known) == _canonical(name):
                yield BundleDistribution(files, path.parent)


def _canonical(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()
