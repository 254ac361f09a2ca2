"""For every device of the guest: the modules that the project's catalogue names, and libkmod's.

Prints one JSON object by MODALIAS: `ours`, `libkmod`, and which of them are `built_in`.
Arguments: a folder for the index's cache.
"""

import json
import os
import sys
from pathlib import Path

from benchmarks.kmod import Kmod
from runtime.engine.kernel_drivers import KernelDrivers
from runtime.linux.modules import MODULES


def main() -> None:
    """Compare and print."""
    folder = MODULES / os.uname().release
    built_in = {
        Path(line).name.removesuffix(".ko").replace("-", "_")
        for line in (folder / "modules.builtin").read_text().splitlines()
    }
    kernel = KernelDrivers(Path(sys.argv[1]))
    found = {}
    with Kmod(folder) as kmod:
        for file in Path("/sys/devices").rglob("modalias"):
            modalias = file.read_text(errors="replace").strip()
            ours = {
                kext.module.replace("-", "_") for kext in kernel.of_device({"MODALIAS": modalias})
            }
            theirs = kmod.look_up(modalias)
            found[modalias] = {
                "ours": sorted(ours),
                "libkmod": sorted(theirs),
                "built_in": sorted((ours | theirs) & built_in),
            }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
