"""`dext sign`, `verify`, `identity` and `notarize` on the command line.

X.509 takes 100 ms to import: only these verbs pay for it, and only when they run.
Invariant: options only; what they do is in `code_signing` and `notarizing`.
"""

import argparse

from runtime.commands import shell
from runtime.signing.purpose import Purpose


def add_verbs(verb: shell.AddVerb) -> None:
    """Give a parser the verbs about who made an app."""
    sign = verb("sign", None, "sign an app and every extension in it")
    sign.add_argument("app", metavar="APP", help="an app's folder X.app")
    whose = "who signs: a name, or the path of a PEM file; `test` makes itself"
    sign.add_argument("--identity", metavar="NAME", required=True, help=whose)
    sign.add_argument("--timestamp", metavar="NAME", help="whose clock says when")
    shell.local_verb(sign, _sign)
    verify = verb("verify", None, "say whether an app is as it was signed, and who trusts it")
    verify.add_argument("app", metavar="APP", help="an app's folder X.app")
    verify.add_argument("--json", action="store_true", help="one array of objects")
    shell.local_verb(verify, _verify)
    identity = verb("identity", None, "make a certificate authority, or have one issue an identity")
    identity.add_argument("name", metavar="NAME", help="of the new identity")
    issuer = "who issues it; without: it is an authority itself"
    identity.add_argument("--authority", metavar="NAME", help=issuer)
    purposes = [purpose.value for purpose in Purpose]
    for_what = "what it may sign"
    identity.add_argument("--purpose", choices=purposes, default=purposes[0], help=for_what)
    identity.add_argument("--team", metavar="ID", default="", help="team of a developer")
    identity.add_argument("--title", metavar="TEXT", help="name for people")
    taken_back = "take its certificate back: add it to the authority's revocation list"
    identity.add_argument("--revoke", action="store_true", help=taken_back)
    shell.local_verb(identity, _identity)
    notarize = verb("notarize", None, "have a notary look at a signed app and staple its ticket")
    notarize.add_argument("app", metavar="APP", nargs="?", help="an app; without: list tickets")
    notarize.add_argument("--notary", metavar="NAME", required=True, help="identity of the notary")
    notarize.add_argument("--store", action="store_true", help="countersign as a store instead")
    notarize.add_argument("--revoke", metavar="NUMBER", help="take a ticket back")
    listed = "write all tickets taken back, signed, for `systemextensionsctl trust add`"
    notarize.add_argument("--revocations", metavar="FILE", help=listed)
    notarize.add_argument("--json", action="store_true", help="one array of objects")
    shell.local_verb(notarize, _notarize)


def _sign(options: argparse.Namespace) -> int:
    from runtime.commands import code_signing  # noqa: PLC0415

    return code_signing.sign(options)


def _verify(options: argparse.Namespace) -> int:
    from runtime.commands import code_signing  # noqa: PLC0415

    return code_signing.verify(options)


def _identity(options: argparse.Namespace) -> int:
    from runtime.commands import code_signing  # noqa: PLC0415

    if options.revoke:
        return code_signing.revoke_identity(options)
    return code_signing.make_identity(options)


def _notarize(options: argparse.Namespace) -> int:
    from runtime.commands import notarizing  # noqa: PLC0415

    return notarizing.notarize(options)
