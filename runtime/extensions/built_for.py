"""What a driver extension was built for: ``LinuxDriverKitVersion`` and ``LinuxPythonVersion``.

A bundle that was built for something newer than this machine has is refused before anybody is
asked; one that does not say is taken at its own risk.
Invariant: pure; every refusal names file, key, wanted and found.
"""

import re
import sys
from collections.abc import Iterator

from runtime.extensions import plist
from runtime.extensions.codes import refused
from runtime.model.properties import Properties

SDK = "LinuxDriverKitVersion"
PYTHON = "LinuxPythonVersion"
SDK_VERSION = (0, 1)
"""Of `runtime.driverkit`: what a driver may import and override."""

_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,2}")
_LONGEST = 16


def read_built_for(info: Properties, path: str) -> str:
    """What an Info.plist says in words ("DriverKit 0.1, Python 3.11"); empty where it does not.

    Raises:
        BundleError: A key is no version, or a newer one than this machine has.
    """
    return ", ".join(_said(info, path))


def _said(info: Properties, path: str) -> Iterator[str]:
    for key, name, here in (
        (SDK, "DriverKit", SDK_VERSION),
        (PYTHON, "Python", sys.version_info[:3]),
    ):
        if key not in info:
            continue
        text = plist.text(info, key, path, longest=_LONGEST)
        if not _VERSION.fullmatch(text):
            raise refused(f"{path}: {key}", "a version like 3.11", repr(text))
        wanted = tuple(map(int, text.split(".")))
        if wanted > here[: len(wanted)]:
            ours = ".".join(map(str, here))
            raise refused(f"{path}: {key}", f"at most {ours}, the {name} of this machine", text)
        yield f"{name} {text}"
