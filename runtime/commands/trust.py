"""`systemextensionsctl trust`: whom this machine trusts to sign, notarize and tell the time.

Invariant: the runtime reads and judges what a file holds; here it is only carried.
"""

import argparse

from runtime.client.blocking import Connection
from runtime.commands import files, shell
from runtime.commands.plaintext import plain
from runtime.linux import places
from runtime.signing.purpose import Purpose
from runtime.wire import limits
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust, TrustItem


def run(runtime: Connection, options: argparse.Namespace) -> int:
    """Carry the verb out; returns the exit code."""
    match options.what:
        case "add":
            data = files.read(places.absolute(options.item), limits.PEM, "a PEM file")
            items = runtime.call(AddTrust(data, options.purpose, options.item)).items
            said = "trusted"
        case "remove":
            items = runtime.call(RemoveTrust(options.item)).items
            said = "no longer trusted"
        case _:
            items = runtime.call(ListTrust()).items
            said = ""
    if options.json:
        shell.print_json(items)
        return shell.OK
    for item in items:
        print(plain(f"{said}: {_line(item)}" if said else _line(item)))
    if not items:
        print("nobody is trusted")
    return shell.OK


def add_options(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("what", choices=["add", "list", "remove"], help="what to do")
    parser.add_argument(
        "item",
        metavar="ITEM",
        nargs="?",
        default="",
        help="PEM file to add; first digits of the fingerprint to remove",
    )
    purposes = [purpose.value for purpose in Purpose]
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=purposes,
        default=purposes[0],
        help="what the authority may vouch for",
    )
    parser.add_argument("--json", action="store_true", help="one array of objects")


def _line(item: TrustItem) -> str:
    until = f", until {item.until}" if item.until else ""
    return f"{item.fingerprint[:12]} {item.purpose or 'revocations'}: {item.name}{until}"
