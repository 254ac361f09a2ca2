"""What `dext notarize` does: a local notary looks at a signed app and staples its ticket.

The notary is an identity for the purpose ``notary`` (or ``store``: then it countersigns instead);
its book is beside the identity.
Invariant: a ticket is stapled only to an app that verifies and that the checks let pass.
"""

import argparse
import datetime
from pathlib import Path

import msgspec

from runtime.commands import shell
from runtime.commands.files import replace
from runtime.commands.plaintext import plain
from runtime.extensions import notary_checks, signed_app
from runtime.linux import places
from runtime.model.errors import ProblemError
from runtime.signing import identity, notary, revoked
from runtime.signing.identity import Identity
from runtime.signing.ledger import Issued, Ledger
from runtime.signing.purpose import Purpose


class Row(msgspec.Struct, frozen=True):
    """One object of `--json`: a ticket of the notary's book."""

    number: str
    identifier: str
    team_id: str
    code: str
    issued: str
    revoked: str  # empty while it holds


def notarize(options: argparse.Namespace) -> int:
    """Notarize an app, list the notary's tickets, take one back, or write those taken back."""
    folder = places.identities()
    who = identity.load(options.notary, folder)
    ledger = Ledger(identity.path_of(options.notary, folder).with_suffix(".sqlite"))
    if options.revoke is not None:
        ledger.revoke(options.revoke)
        print(f"revoked {options.revoke}")
        return shell.OK
    if options.revocations is not None:
        return _write_revocations(ledger, who, places.absolute(options.revocations))
    if options.app is None:
        return _list(ledger, as_json=options.json)
    app = signed_app.read(places.absolute(options.app))
    whole, _ = signed_app.verify(app)
    against = list(notary_checks.findings(app))
    for finding in against:
        print(plain(finding))
    if against:
        raise ProblemError(
            "signature", f"{options.app}: expected nothing against it, found {len(against)}"
        )
    ticket = ledger.issue(whole.digest, whole.seal.identifier, whole.team_id)
    purpose = Purpose.STORE if options.store else Purpose.NOTARY
    stapled = notary.make_ticket(ticket, who, purpose)
    replace({app.app.folder / path: data for path, data in stapled.items()})
    print(f"ticket {ticket.number} for {plain(ticket.identifier)}, stapled")
    return shell.OK


def _write_revocations(ledger: Ledger, who: Identity, path: Path) -> int:
    """Sign the numbers of all tickets that were taken back, for the machines that trust `who`."""
    numbers = [issued.ticket.number for issued in ledger.issued() if issued.revoked]
    replace({path: revoked.make(numbers, who, datetime.datetime.now(datetime.UTC))})
    print(f"{len(numbers)} revoked tickets in {plain(str(path))}")
    return shell.OK


def _list(ledger: Ledger, *, as_json: bool) -> int:
    rows = [_row(issued) for issued in ledger.issued()]
    if as_json:
        shell.print_json(rows)
        return shell.OK
    for row in rows:
        state = f"revoked {row.revoked}" if row.revoked else "holds"
        print(plain(f"{row.number} {row.identifier} {row.team_id or '-'} {row.issued} {state}"))
    if not rows:
        print("no tickets")
    return shell.OK


def _row(issued: Issued) -> Row:
    ticket = issued.ticket
    revoked = _time(issued.revoked) if issued.revoked else ""
    return Row(
        ticket.number, ticket.identifier, ticket.team_id, ticket.code, _time(ticket.time), revoked
    )


def _time(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
