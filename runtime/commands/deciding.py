"""`systemextensionsctl`'s verbs about decisions: what waits, approve, deny, undo, revoke.

Invariant: decides nothing by itself; a decision repeats the hash and nonce that it read.
"""

import argparse
from collections.abc import Iterator

from runtime.client.blocking import Connection
from runtime.commands import shell
from runtime.commands.plaintext import plain
from runtime.commands.selection import find_decided, find_request
from runtime.linux.arguments import Parser
from runtime.model.identity import BundleId
from runtime.model.records import RequestState
from runtime.wire.commands.extensions import Decide, Revoke, Undo
from runtime.wire.commands.registry import GetRecords

_ID = "request, a beginning of it, or bundle id"


def add_verbs(verb: shell.AddVerb) -> Iterator[Parser]:
    """The verbs; all take `--json`, which the caller adds."""
    yield verb("pending", _pending, "list the requests that wait for approval")
    for name, approve in (("approve", True), ("deny", False)):
        decide = verb(name, _decide, f"{name} a request")
        decide.add_argument("id", metavar="ID", help=_ID)
        decide.add_argument("--note", default="", help="kept with the decision")
        decide.set_defaults(approve=approve)
        yield decide
    undo = verb("undo", _undo, "undo the decision on a request: it waits again")
    undo.add_argument("id", metavar="ID", help=_ID)
    yield undo
    revoke = verb("revoke", _revoke, "take an approval away, and stop what it let run")
    revoke.add_argument("bundle_id", metavar="ID", help="its bundle identifier")
    revoke.add_argument("--note", default="", help="kept with the revocation")
    yield revoke


def _pending(runtime: Connection, options: argparse.Namespace) -> int:
    requests = [
        request
        for request in runtime.call(GetRecords()).requests
        if request.state is RequestState.WAITING
    ]
    if options.json:
        shell.print_json(requests)
        return shell.OK
    for request in requests:
        needs = ", needs developer mode" if request.needs_developer else ""
        removal = ", to be removed" if request.removes else ""
        print(
            f"{request.id} {plain(request.name)} {plain(request.short_version)}{removal}, "
            f"asked for by {plain(request.requester.app)}, {plain(request.signature)}{needs}"
        )
    if not requests:
        print("no request waits for approval")
    return shell.OK


def _decide(runtime: Connection, options: argparse.Namespace) -> int:
    """Read the request, and repeat what was read in the decision."""
    request = find_request(runtime.call(GetRecords()).requests, options.id)
    approve: bool = options.approve
    decided = runtime.call(
        Decide(request.id, request.content_hash, request.nonce, approve, options.note)
    )
    if options.json:
        shell.print_json([decided])
    else:
        print(f"{'approved' if approve else 'denied'} {decided.id}")
    return shell.OK


def _undo(runtime: Connection, options: argparse.Namespace) -> int:
    request = find_decided(runtime.call(GetRecords()).requests, options.id)
    undone = runtime.call(Undo(request.id))
    if options.json:
        shell.print_json([undone])
    else:
        print(f"{undone.id} waits for approval again")
    return shell.OK


def _revoke(runtime: Connection, options: argparse.Namespace) -> int:
    extension = runtime.call(Revoke(BundleId(options.bundle_id), options.note))
    if options.json:
        shell.print_json([extension])
    else:
        print(f"revoked the approval of {extension.id}")
    return shell.OK
