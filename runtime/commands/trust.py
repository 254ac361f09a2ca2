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


def add_verbs(verb: shell.AddVerb) -> None:
    """The verb's own verbs."""
    adding = verb("add", _add, "trust an authority, or add a revocation list")
    adding.add_argument("item", metavar="ITEM", help="PEM file, or a notary's revocations")
    purposes = [purpose.value for purpose in Purpose]
    adding.add_argument(
        "--for",
        dest="purpose",
        choices=purposes,
        default=purposes[0],
        help="what the authority may vouch for",
    )
    removing = verb("remove", _remove, "take trust back")
    removing.add_argument(
        "item", metavar="ITEM", help="six or more of its fingerprint's first digits"
    )
    listing = verb("list", _list, "say who is trusted")
    for added in (adding, removing, listing):
        added.add_argument("--json", action="store_true", help="one array of objects")


def _add(runtime: Connection, options: argparse.Namespace) -> int:
    data = files.read(places.absolute(options.item), limits.PEM, "a PEM file")
    items = runtime.call(AddTrust(data, options.purpose, options.item)).items
    return _say(items, "trusted", options)


def _remove(runtime: Connection, options: argparse.Namespace) -> int:
    return _say(runtime.call(RemoveTrust(options.item)).items, "no longer trusted", options)


def _list(runtime: Connection, options: argparse.Namespace) -> int:
    return _say(runtime.call(ListTrust()).items, "", options)


def _say(items: tuple[TrustItem, ...], said: str, options: argparse.Namespace) -> int:
    if options.json:
        shell.print_json(items)
        return shell.OK
    for item in items:
        print(plain(f"{said}: {_line(item)}" if said else _line(item)))
    if not items:
        print("nobody is trusted")
    return shell.OK


def _line(item: TrustItem) -> str:
    until = f", until {item.until}" if item.until else ""
    return f"{item.fingerprint[:12]} {item.purpose or 'revocations'}: {item.name}{until}"
