"""`dext vendor`: third-party libraries into a driver extension.

Invariant: says every library that it put there, and why.
"""

import argparse
from pathlib import Path

from runtime.commands import shell
from runtime.commands.plaintext import plain
from runtime.extensions import vendored


def run(options: argparse.Namespace) -> int:
    """Carry the verb out; returns the exit code."""
    bundle = vendored.driver_bundle(Path(options.bundle))
    for wheel in vendored.add(bundle, options.requirements):
        why = f", needed by {', '.join(wheel.needed_by)}" if wheel.needed_by else ""
        print(plain(f"{wheel.name} {wheel.version}{why}"))
    native = vendored.native_modules(bundle)
    if native:
        print(f"{native} native modules, for this machine's kind of processor and Python only")
    return shell.OK
