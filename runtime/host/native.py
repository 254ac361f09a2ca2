"""Native modules of bundles, where drivers can load them: the zygote's part, and where they are.

The dynamic linker takes paths only. So the sealed copies are written by the zygote into a file
system in memory of its own, which every driver sees at `FOLDER`, to be read and mapped and never
to be written; what a driver maps from there it has compared with its sealed bundle before.
Source: dlopen(3), ld.so(8) ($ORIGIN). Invariant: only the zygote can write; what it wrote for one
content is there whole, or not at all.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath

from runtime.model import archive
from runtime.model.identity import ContentHash
from runtime.model.native import Image

FOLDER = Path("/run/ioregistry-native")
"""In a driver's root: a folder for each content, with the bundle's own paths below."""

BYTES = 1 << 30  # of all bundles together
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def put(folder: int, content: ContentHash, files: Mapping[str, bytes]) -> None:
    """Write the native modules of a content; nothing when they are there.

    Args:
        folder: A descriptor of the folder that can be written.
        content: The hash of the bundle, and the name of the files' folder.
        files: By plain relative paths.

    Raises:
        OSError: No room is left; nothing of it is there.
    """
    with contextlib.suppress(FileExistsError):
        os.mkdir(content, 0o711, dir_fd=folder)
        top = os.open(content, _FOLDER_FLAGS, dir_fd=folder)
        try:
            for path, data in files.items():
                _write(top, path, data)
        except OSError:
            drop(folder, content)
            raise
        finally:
            os.close(top)


def drop(folder: int, content: ContentHash) -> None:
    """Take a content's native modules away; who has them mapped keeps them. Idempotent."""
    with contextlib.suppress(FileNotFoundError):
        for _, folders, names, at in os.fwalk(content, topdown=False, dir_fd=folder):
            for name in names:
                os.unlink(name, dir_fd=at)
            for name in folders:
                os.rmdir(name, dir_fd=at)
        os.rmdir(content, dir_fd=folder)


def check(folder: Path, files: Mapping[str, bytes]) -> None:
    """Compare a bundle's native modules in `folder` with the files of the sealed bundle.

    Raises:
        ImportError: One is missing, or is another.
    """
    for path, data in files.items():
        if not archive.is_native(path):
            continue
        try:
            same = (folder / path).read_bytes() == data
        except OSError as error:
            raise ImportError(f"{path}: expected it in memory, found: {error.strerror}") from None
        if not same:
            raise ImportError(f"{path}: expected it as it is in the bundle, found another")


def of_bundles(images: Iterable[Image]) -> Iterator[Image]:
    """Those of bundles' modules, with their paths in the bundle."""
    for image in images:
        path = PurePath(image.path)
        if path.is_relative_to(FOLDER):
            inside = PurePath(*path.relative_to(FOLDER).parts[1:])
            yield image._replace(path=str(inside))


def _write(top: int, path: str, data: bytes) -> None:
    *folders, name = path.split("/")
    at = os.dup(top)
    try:
        for each in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(each, 0o711, dir_fd=at)
            inner = os.open(each, _FOLDER_FLAGS, dir_fd=at)
            os.close(at)
            at = inner
        file = os.open(name, _FILE_FLAGS, 0o444, dir_fd=at)
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
    finally:
        os.close(at)
