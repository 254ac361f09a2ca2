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


class BundleFinder(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Finder and loader of one bundle's source modules.

    Attributes:
        label: What tracebacks show in front of a file's path; the bundle's name.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._modules: dict[str, str] = {}  # path in the bundle by module
        self.label = "bundle"

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module of the bundle; None for every other."""
        del path, target
        stem = fullname.replace(".", "/")
        for folder in _FOLDERS:
            for tail in ("/__init__.py", ".py"):
                name = f"{folder}{stem}{tail}"
                if name in self._files:
                    self._modules[fullname] = name
                    spec = importlib.machinery.ModuleSpec(
                        fullname, self, origin=f"{self.label}/{name}", is_package="__init__" in tail
                    )
                    spec.has_location = True
                    return spec
        return None

    def get_filename(self, fullname: str) -> str:
        """What tracebacks show; `linecache` asks the loader for the lines."""
        if fullname not in self._modules:
            raise ImportError(f"{fullname}: expected a module of the bundle", name=fullname)
        return f"{self.label}/{self._modules[fullname]}"

    def get_data(self, path: str | bytes) -> bytes:
        """A file of the bundle by the name that `get_filename` gave, for resources too."""
        name = str(path).removeprefix(f"{self.label}/")
        if name not in self._files:
            raise OSError(f"{path}: expected a file of the bundle, found none")
        return self._files[name]


def install(files: Mapping[str, bytes]) -> BundleFinder:
    """Put a bundle's modules before installed packages and after built-in ones."""
    finder = BundleFinder(files)
    at = sys.meta_path.index(importlib.machinery.PathFinder)
    sys.meta_path.insert(at, finder)
    return finder
