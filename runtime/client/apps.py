"""Starting an app's program: `python -m runtime.client.apps PROGRAM`, or what `command` says.

A program in Python gets this program's own interpreter, so that it finds `runtime.client`
wherever this program is installed, frozen too; any other program is started as it is.
Invariant: runs the program as its own process's main program, with its path as sys.argv[0].
"""

import runpy
import sys
from pathlib import Path

from runtime.linux import roles

_SHEBANG = b"#!"


def command(program: str) -> list[str]:
    """The command line that starts an app's program.

    Raises:
        OSError: The program cannot be read.
    """
    with Path(program).open("rb") as file:
        first = file.readline(256)
    if first.startswith(_SHEBANG) and b"python" in first:
        return roles.argv("app", program)
    return [program]


def main(argv: list[str] | None = None) -> int:
    """Run the program that the first argument names; its exit code is this process's."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or not Path(arguments[0]).is_file():
        found = arguments[0] if arguments else "nothing"
        sys.stderr.write(f"app: expected the path of an app's program, found {found}\n")
        return 2
    sys.argv = list(arguments)
    runpy.run_path(arguments[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
