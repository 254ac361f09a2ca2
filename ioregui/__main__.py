"""Entry of the program, also of the frozen one: picks the role before any import of Qt.

Invariant: a role's module is imported only when it is the role.
"""

import importlib
import os
import sys
from pathlib import Path

from ioregui import display, pages
from runtime.linux import places, roles
from runtime.linux.arguments import Parser
from runtime.model.errors import UnavailableError

ICON = Path("icons/org.ioregistry.Inspector.svg")
"""The program's icon, inside the resources."""

_PACKAGES = {"runtime", "runtime.reader", "runtime.export"}


def main(argv: list[str] | None = None) -> int:
    """Run the role that `--role` names, the window without one; return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    role = "gui"
    if arguments and arguments[0].startswith("--role="):
        role = arguments[0].partition("=")[2]
        arguments = arguments[1:]
    if role == "gui":
        return _gui(arguments)
    if role not in roles.MODULES:
        known = ", ".join(sorted(roles.MODULES))
        sys.stderr.write(f"ioregui: --role: expected one of {known}, found {role!r}\n")
        return 2
    code: int = importlib.import_module(_main_module(role)).main(arguments)
    return code


def _main_module(role: str) -> str:
    """The module with a role's `main(argv)`; a package's is its `__main__`."""
    module = roles.MODULES[role]
    return f"{module}.__main__" if module in _PACKAGES else module


def _parser() -> Parser:
    parser = Parser(
        prog="ioregui", description="The window of IORegistry Inspector.", allow_abbrev=False
    )
    parser.add_argument(
        "--connect",
        type=Path,
        metavar="SOCKET",
        help="join the runtime that listens there; start none",
    )
    parser.add_argument(
        "--open",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="show a registry file: ioreg's, udev's, ours; several, each in a window of its own",
    )
    parser.add_argument(
        "--screenshot", type=Path, metavar="PNG", help="write a picture of the window and exit"
    )
    parser.add_argument("--theme", choices=("light", "dark"), default="", help="colours")
    parser.add_argument("--page", choices=pages.NAMES, default="registry", help="page shown first")
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="state folder of the runtime that is started"
    )
    parser.add_argument(
        "--socket", type=Path, metavar="PATH", help="where the runtime listens that is started"
    )
    return parser


def _gui(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    for variable, path in (
        ("IOREGISTRY_STATE_DIR", options.state_dir),
        ("IOREGISTRY_SOCKET", options.connect or options.socket),
    ):
        if path is not None:
            try:
                os.environ[variable] = str(places.absolute(path))
            except UnavailableError as error:
                sys.stderr.write(f"ioregui: {error}\n")
                return 1
    if options.screenshot is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif why := display.why_none(os.environ):
        terminal = importlib.import_module("ioregui.terminal")
        code: int = terminal.run(why, options.connect, sys.stdout)
        return code
    app = importlib.import_module("ioregui.app")
    made = app.Options(
        options.connect,
        options.screenshot,
        options.theme,
        options.page,
        roles.resources() / ICON,
        tuple(options.open),
    )
    ended: int = app.run(made)
    return ended


if __name__ == "__main__":
    sys.exit(main())
