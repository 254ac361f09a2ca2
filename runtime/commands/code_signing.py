"""What `dext sign`, `dext verify` and `dext identity` do: who made an app.

Invariant: an app is signed whole or not at all changed: every signature is made before the first
is written, and all are written before the first takes its place.
"""

import argparse
import datetime

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from runtime.commands import shell
from runtime.commands.files import remove, replace
from runtime.commands.plaintext import plain
from runtime.extensions import signature, signed_app, trust_folder
from runtime.extensions.signature import Signature
from runtime.linux import places
from runtime.model.errors import ProblemError
from runtime.signing import certificates, identity, revocations
from runtime.signing.purpose import Purpose
from runtime.signing.trust import common_name, fingerprint, team_id


class Verdict(msgspec.Struct, frozen=True):
    """One object of `verify --json`: an extension of the app and what its signature is worth."""

    extension: str
    signature: str
    team_id: str
    trusted: bool
    reason: str  # why it is not trusted


def sign(options: argparse.Namespace) -> int:
    """Sign an app and every extension in it."""
    path = places.absolute(options.app)
    signer = identity.load(options.identity, places.identities())
    authority = identity.load(options.timestamp, places.identities()) if options.timestamp else None
    app = signed_app.read(path)
    written = signed_app.sign(app, signer, authority)
    replace(written)
    for old in signed_app.signature_files(app) - written.keys():
        remove(old)
    name = f"{common_name(signer.chain[0])} ({team_id(signer.chain[0]) or 'no team'})"
    what = ", ".join([path.name, *sorted(app.extensions)])
    print(f"signed as {plain(name)}: {plain(what)}")
    return shell.OK


def verify(options: argparse.Namespace) -> int:
    """Say whether an app is as it was signed, and whether this machine trusts it."""
    app = signed_app.read(places.absolute(options.app))
    verified = whole, codes = signed_app.verify(app)
    state = places.absolute(options.state_dir) if options.state_dir else places.state_dir()
    known = trust_folder.load(state)
    now = datetime.datetime.now(datetime.UTC)
    found = [
        _verdict(name, signature.judge_part(app, name, verified, known, now))
        for name in sorted(codes)
    ]
    if options.json:
        shell.print_json(found)
        return shell.OK
    print(f"{plain(app.app.label)}: whole, {len(whole.seal.files)} files, code {whole.digest[:12]}")
    for one in found:
        print(f"{plain(one.extension)}: {plain(one.signature)}")
        if one.reason:
            print(f"    {plain(one.reason)}")
    if not all(one.trusted for one in found):
        print(f"judged by what is trusted in {plain(str(state))} (--state-dir)")
    return shell.OK


def make_identity(options: argparse.Namespace) -> int:
    """Make a certificate authority, or have one issue an identity."""
    folder = places.identities()
    path = identity.path_of(options.name, folder)
    if path.exists():
        raise ProblemError(
            "not-allowed", f"identity {options.name}: expected a new name, found one in use"
        )
    if options.authority is None:
        made = identity.make_authority(options.title or options.name)
    else:
        issuer = identity.load(options.authority, folder)
        purpose = Purpose(options.purpose)
        made = identity.issue(issuer, purpose, options.title or options.name, options.team)
    identity.save(made, path)
    certificate = path.with_suffix(".crt")
    replace({certificate: identity.certificate_pem(made)})
    kind = f"{options.purpose} identity" if options.authority else "certificate authority"
    print(f"made {kind} {options.name}, {fingerprint(made.chain[0])[:12]}: {certificate}")
    return shell.OK


def revoke_identity(options: argparse.Namespace) -> int:
    """Have an authority take an identity's certificate back; its list is written anew."""
    folder = places.identities()
    if options.authority is None:
        raise ProblemError(
            "not-allowed", f"identity {options.name}: expected --authority, who issued it, too"
        )
    authority = identity.load(options.authority, folder)
    revoked = identity.load(options.name, folder).chain[0]
    path = identity.path_of(options.authority, folder).with_suffix(".crl")
    earlier = certificates.revocations(path.read_bytes(), str(path)) if path.exists() else None
    listed = revocations.revoke(authority, revoked, earlier, f"identity {options.name}")
    replace({path: listed.public_bytes(Encoding.PEM)})
    print(f"revoked {options.name}, {fingerprint(revoked)[:12]}: {path}")
    return shell.OK


def _verdict(name: str, found: Signature) -> Verdict:
    return Verdict(name, found.words, found.team_id, found.trusted, found.reason)
