"""Imports from a verified bundle: modules come from its sealed archive, or are compared with it.

The bundle's own folder is searched before installed packages, as a script's folder is, and
then `Resources/python`, where third-party libraries are vendored.
Invariant: what is imported is what was in the sealed archive, or what another process of the same
content compiled of it before it executed any.
"""

import importlib.machinery
import importlib.util
import marshal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from runtime.host import native
from runtime.linux import fault
from runtime.model import archive
from runtime.model.identity import ContentHash

if TYPE_CHECKING:  # few libraries look for their files: who does waits for these
    from importlib.metadata import DistributionFinder

    from runtime.host.resources import BundleDistribution, PackageResources

_VENDORED = "Resources/python/"
_FOLDERS = ("", _VENDORED)
_MAGIC = importlib.util.MAGIC_NUMBER  # of this Python's code
_TAILS = ("/__init__.py", *importlib.machinery.EXTENSION_SUFFIXES, ".py")


class BundleFinder:
    """Finds one bundle's modules.

    Attributes:
        label: What tracebacks show in front of a file's path; the bundle's name.
    """

    def __init__(self, files: Mapping[str, bytes], label: str, content: ContentHash) -> None:
        """`content` is the hash of the whole bundle, by which its native modules are found."""
        self._files = files
        self._content = content
        self._compared = False
        self._code: dict[str, CodeType] = {}  # by the path of the module that it is of
        self.label = label

    def compile(self, fullname: str, compiled: bytes) -> bytes:
        """Have the code of a module ready for its import.

        Args:
            fullname: Of the module.
            compiled: What another process of the same bundle returned here, perhaps by another
                Python; b"" for nothing.

        Returns:
            Its code, with what Python it is for; b"" of what is not of the bundle or is native.

        Raises:
            SyntaxError: The source is none; also whatever else compiling it raises.
        """
        spec = self.find_spec(fullname, None)
        if spec is None or not isinstance(spec.loader, _BundleModule):
            return b""
        if compiled.startswith(_MAGIC):
            code = marshal.loads(compiled[len(_MAGIC) :])  # noqa: S302 - nobody else's than its own
        else:
            code = spec.loader.get_code(fullname)
            compiled = _MAGIC + marshal.dumps(code)
        self._code[spec.loader.path] = code
        return compiled

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module of the bundle; None for every other.

        Raises:
            ImportError: A native module is not there as it is in the bundle.
        """
        del path, target
        stem = fullname.replace(".", "/")
        for name in (f"{folder}{stem}{tail}" for folder in _FOLDERS for tail in _TAILS):
            if name in self._files:
                return self._spec(fullname, name)
        return None

    def find_distributions(
        self, context: "DistributionFinder.Context"
    ) -> "Iterator[BundleDistribution]":
        """What `importlib.metadata` tells of vendored libraries."""
        from runtime.host import resources  # noqa: PLC0415 - see above

        return resources.distributions(self._files, _VENDORED, context.name)

    def _spec(self, fullname: str, name: str) -> importlib.machinery.ModuleSpec:
        loader: _BundleModule | _NativeModule
        if archive.is_native(name):
            self._compare()
            path = native.FOLDER / self._content / name
            loader = _NativeModule(fullname, str(path))
        else:
            loader = _BundleModule(fullname, self.label, name, self._files, self._code)
        spec = importlib.machinery.ModuleSpec(
            fullname, loader, origin=loader.path, is_package=name.endswith(_TAILS[0])
        )
        spec.has_location = True
        return spec

    def _compare(self) -> None:
        """All at once: the dynamic linker loads by itself what one of them needs."""
        if not self._compared:
            native.check(native.FOLDER / self._content, self._files)
            self._compared = True


class _NativeModule(importlib.machinery.ExtensionFileLoader):
    """Loads one module from its copy; a crash report will know it, and what it needs."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Load it, and whatever it is linked to."""
        from runtime.linux import loaded  # noqa: PLC0415 - few bundles have native modules

        made = super().create_module(spec)
        fault.loaded(native.of_bundles(loaded.images()))
        return made


class _BundleModule(importlib.machinery.SourceFileLoader):
    """Loads one module from its source in memory; `linecache` gets its lines from here too."""

    def __init__(
        self,
        fullname: str,
        label: str,
        name: str,
        files: Mapping[str, bytes],
        code: dict[str, CodeType],
    ) -> None:
        super().__init__(fullname, f"{label}/{name}")
        self._code = code
        self._label = label
        self._name = name
        self._files = files

    def get_code(self, fullname: str) -> CodeType | None:
        """What was compiled before, once; else what the source gives."""
        return self._code.pop(self.path, None) or super().get_code(fullname)

    def get_data(self, path: str) -> bytes:
        """A file of the bundle, by its path with the label before it: `pkgutil.get_data`."""
        name = path.removeprefix(f"{self._label}/")
        if name == path or name not in self._files:
            raise FileNotFoundError(f"{path}: expected a file of {self._label}, found none")
        return self._files[name]

    def get_resource_reader(self, fullname: str) -> "PackageResources":  # type: ignore[override]
        """The files beside the module: `importlib.resources`."""
        from runtime.host.resources import PackageResources  # noqa: PLC0415 - see above

        del fullname
        return PackageResources(self._files, PurePosixPath(self._name).parent)

    def path_stats(self, path: str) -> Mapping[str, float]:
        raise OSError(f"{path}: lies in memory, has no times and no compiled form")


def install(files: Mapping[str, bytes], label: str, content: ContentHash) -> BundleFinder:
    """Put a bundle's modules before installed packages and after built-in ones.

    `content` is the hash of the whole bundle.
    """
    finder = BundleFinder(files, label, content)
    at = sys.meta_path.index(importlib.machinery.PathFinder)
    sys.meta_path.insert(at, finder)
    return finder
