"""Whether only root can change what root is about to run.

Source: path_resolution(7): who may write a folder may exchange what is in it.
Invariant: looks, and changes nothing.
"""

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def changeable(paths: Iterable[Path]) -> Path | None:
    """The first file or folder on the way to these that another than root may write, or None.

    Folders are looked into; links are followed as the kernel follows them.

    Raises:
        OSError: One cannot be read.
    """
    seen: set[Path] = set()
    for path in paths:
        for step in (*_way(path), *_below(path.resolve())):
            if step not in seen and _is_changeable(step):
                return step
            seen.add(step)
    return None


def _way(path: Path) -> Iterator[Path]:
    """Every step from the root to a path, with each link's own way."""
    done = Path(path.anchor)
    yield done
    for part in path.parts[1:]:
        done /= part
        yield done
        if done.is_symlink():
            yield from _way((done.parent / done.readlink()).absolute())


def _below(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.rglob("*")


def _is_changeable(path: Path) -> bool:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return status.st_uid != 0
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    return status.st_uid != 0 or bool(status.st_mode & _OTHERS and not sticky)
