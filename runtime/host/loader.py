"""Imports from a verified bundle: its modules come from memory, never from a path.

The bundle's own folder is searched before installed packages, as a script's folder is, and
then `Resources/python`, where third-party libraries are vendored.
Invariant: what is imported is what was in the sealed archive.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

_FOLDERS = ("", "Resources/python/")
_TAILS = ("/__init__.py", ".py")


class BundleFinder(importlib.abc.MetaPathFinder):
    """Finds one bundle's source modules.

    Attributes:
        label: What tracebacks show in front of a file's path; the bundle's name.
    """

    def __init__(self, files: Mapping[str, bytes], label: str) -> None:
        self._files = files
        self.label = label

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module of the bundle; None for every other."""
        del path, target
        stem = fullname.replace(".", "/")
        for name in (f"{folder}{stem}{tail}" for folder in _FOLDERS for tail in _TAILS):
            if name in self._files:
                loader = _BundleModule(fullname, f"{self.label}/{name}", self._files[name])
                spec = importlib.machinery.ModuleSpec(
                    fullname, loader, origin=loader.path, is_package=name.endswith(_TAILS[0])
                )
                spec.has_location = True
                return spec
        return None


class _BundleModule(importlib.machinery.SourceFileLoader):
    """Loads one module from its source in memory; `linecache` gets its lines from here too."""

    def __init__(self, fullname: str, path: str, source: bytes) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_data(self, path: str) -> bytes:
        if path != self.path:
            raise OSError(f"{path}: expected {self.path}, the only file of this module")
        return self._source

    def path_stats(self, path: str) -> Mapping[str, float]:
        raise OSError(f"{path}: lies in memory, has no times and no compiled form")


def install(files: Mapping[str, bytes], label: str) -> BundleFinder:
    """Put a bundle's modules before installed packages and after built-in ones."""
    finder = BundleFinder(files, label)
    at = sys.meta_path.index(importlib.machinery.PathFinder)
    sys.meta_path.insert(at, finder)
    return finder
