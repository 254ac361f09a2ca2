"""`dext explain`, `lint`, `vendor` and `debug` on the command line.

Invariant: options only; what a verb does is imported when it runs.
"""

import argparse

from runtime.commands import shell


def add_verbs(verb: shell.AddVerb) -> None:
    """Give a parser the verbs that need no runtime, or connect to one themselves."""
    debug = verb("debug", None, "stop a driver in pdb, without a restart (developer mode)")
    _add_debug_options(debug)
    shell.local_verb(debug, _debug)
    explain = verb("explain", None, "say what matches which device, and why not")
    _add_explain_options(explain)
    shell.local_verb(explain, _explain)
    lint = verb("lint", None, "judge a bundle's personalities before activation")
    lint.add_argument("paths", nargs="+", metavar="PATH", help="Info.plist, bundle or folder")
    lint.add_argument("--json", action="store_true", help="one array of objects")
    shell.local_verb(lint, _lint)
    vendor = verb("vendor", None, "put third-party libraries into a driver extension")
    vendor.add_argument(
        "requirements", nargs="+", metavar="REQUIREMENT", help="as pip has them: pyftdi, pyftdi<1"
    )
    vendor.add_argument("bundle", metavar="BUNDLE", help="X.dext, or an X.app with one extension")
    shell.local_verb(vendor, _vendor)


def _add_debug_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="IOUserClass, bundle id or driver id")


def _add_explain_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--from", dest="source", metavar="FILE", default="", help="a registry file")
    add(
        "--catalogue",
        metavar="PATH",
        action="append",
        default=[],
        help="Info.plist, bundle, folder of bundles, prelinked dictionary or modules.alias",
    )
    add("--provider", metavar="SELECTOR", default="", help="id, name, class or path of an entry")
    add(
        "--personality",
        metavar="SELECTOR",
        default="",
        help="name of a personality, class, bundle id or kernel module",
    )
    add("--json", action="store_true", help="one array of objects")


def _debug(options: argparse.Namespace) -> int:
    from runtime.commands import dext_debug  # noqa: PLC0415

    return dext_debug.run(options)


def _explain(options: argparse.Namespace) -> int:
    from runtime.commands import dext_explain  # noqa: PLC0415

    return dext_explain.run(options)


def _lint(options: argparse.Namespace) -> int:
    from runtime.commands import dext_lint  # noqa: PLC0415

    return dext_lint.run(options)


def _vendor(options: argparse.Namespace) -> int:
    from runtime.commands import dext_vendor  # noqa: PLC0415

    return dext_vendor.run(options)
