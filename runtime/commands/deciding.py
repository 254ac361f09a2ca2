"""The verbs of `systemextensionsctl` that decide about requests, and that take a decision back.

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
from runtime.model.records import Request, RequestState
from runtime.wire.commands.extensions import Decide, Revoke, Undo
from runtime.wire.commands.registry import GetRecords


def add_verbs(verb: shell.AddVerb) -> Iterator[Parser]:
    """The verbs, each with an option `json` still to be added."""
    yield verb("pending", _pending, "list the requests that wait for approval")
    for name, approve in (("approve", True), ("deny", False)):
        decide = verb(name, _decide, f"{name} a request")
        decide.add_argument("id", metavar="ID", help="request, a beginning of it, or bundle id")
        decide.add_argument("--note", default="", help="kept with the decision")
        decide.set_defaults(approve=approve)
        yield decide
    undo = verb("undo", _undo, "undo the decision on a request: it waits again")
    undo.add_argument("id", metavar="ID", help="request, a beginning of it, or bundle id")
    yield undo
    revoke = verb("revoke", _revoke, "take an approval away, and stop what it let run")
    revoke.add_argument("bundle_id", metavar="ID", help="its bundle identifier")
    revoke.add_argument("--note", default="", help="kept with the revocation")
    yield revoke


def _pending(runtime: Connection, options: argparse.Namespace) -> int:
    known = runtime.call(GetRecords()).requests
    requests = [request for request in known if request.state is RequestState.WAITING]
    lines = [line for request in requests for line in (_line(request), *warnings(request))]
    return shell.say(options, requests, *(lines or ["no request waits for approval"]))


def warnings(request: Request) -> Iterator[str]:
    """What the machine loses with the devices that a request's extension takes, in lines."""
    for hit in request.devices:
        if hit.warning:
            yield f"    careful: it takes {plain(hit.title)}, and {plain(hit.warning)}"


def _line(request: Request) -> str:
    needs = ", needs developer mode" if request.needs_developer else ""
    what = ", to be removed" if request.removes else ""
    if request.takes:
        what = f", to take {', '.join(plain(hit.title) for hit in request.devices)}"
    return (
        f"{request.id} {plain(request.name)} {plain(request.short_version)}{what}, "
        f"asked for by {plain(request.requester.app)}, {plain(request.signature)}{needs}"
    )


def _decide(runtime: Connection, options: argparse.Namespace) -> int:
    """Read the request, and repeat what was read in the decision."""
    request = find_request(runtime.call(GetRecords()).requests, options.id)
    approve: bool = options.approve
    decided = runtime.call(
        Decide(request.id, request.content_hash, request.nonce, approve, options.note)
    )
    told = warnings(request) if approve else ()
    said = f"{'approved' if approve else 'denied'} {decided.id}"
    return shell.say(options, [decided], said, *told)


def _undo(runtime: Connection, options: argparse.Namespace) -> int:
    request = find_decided(runtime.call(GetRecords()).requests, options.id)
    undone = runtime.call(Undo(request.id))
    return shell.say(options, [undone], f"{undone.id} waits for approval again")


def _revoke(runtime: Connection, options: argparse.Namespace) -> int:
    extension = runtime.call(Revoke(BundleId(options.bundle_id), options.note))
    return shell.say(options, [extension], f"revoked the approval of {extension.id}")
