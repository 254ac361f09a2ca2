"""What is known of an extension's code signature, and whether this machine trusts it.

Trusted is an extension whose own signature and whose app's signature hold, by signers that a
trusted authority vouches for, of one team (or the extension may be redistributed), in an app that
came through a channel: a store's seal, or a notary's ticket. Whatever is not trusted runs in
developer mode only; what was changed after it was signed runs nowhere.
Source: Apple, Distributing system extensions; WWDC 2019 session 702.
Invariant: says what it found, never what it assumes.
"""

import datetime
from collections.abc import Mapping

import msgspec

from runtime.extensions import signed_app
from runtime.extensions.codes import refused
from runtime.extensions.manifest import NOT_SIGNED, read_entitlements
from runtime.extensions.signed_app import SignedApp
from runtime.model.errors import BundleError, SignatureError
from runtime.model.sx_code import SxCode
from runtime.signing import code, notary
from runtime.signing.code import SIGNATURE, Code
from runtime.signing.purpose import Purpose
from runtime.signing.trust import Trust

REDISTRIBUTABLE = "com.apple.developer.system-extension.redistributable"
_CHANNEL = {Purpose.STORE: "from the store", Purpose.NOTARY: "notarized"}


class Signature(msgspec.Struct, frozen=True):
    """A signature in words for people, the signing team, and whether it is trusted or why not."""

    words: str
    team_id: str = ""
    trusted: bool = False
    reason: str = ""


def inspect(app: SignedApp, name: str, known: Trust, now: datetime.datetime) -> Signature:
    """Judge one extension of an app, by its folder's name.

    Raises:
        BundleError: It or its app is signed and not as it was sealed, or their teams differ.
    """
    if SIGNATURE not in app.extensions[name].files:
        return Signature(NOT_SIGNED)
    if SIGNATURE not in app.app.files:
        return Signature("signed, in an app that is not signed")
    try:
        verified = signed_app.verify(app)
    except SignatureError as error:
        raise _invalid(error) from None
    return judge_part(app, name, verified, known, now)


def judge_part(
    app: SignedApp,
    name: str,
    verified: tuple[Code, dict[str, Code]],
    known: Trust,
    now: datetime.datetime,
) -> Signature:
    """Judge one extension of an app by what `signed_app.verify` returned of that app.

    Raises:
        BundleError: Their teams differ.
    """
    whole, extension = verified[0], verified[1][name]
    part = app.extensions[name]
    redistributable = read_entitlements(part.files, part.label).get(REDISTRIBUTABLE) is True
    if whole.team_id != extension.team_id and not redistributable:
        raise refused(
            f"{part.label}/{SIGNATURE}: team",
            f"{whole.team_id or 'none'}, as the app's",
            extension.team_id or "none",
            sx_code=SxCode.CODE_SIGNATURE_INVALID,
        )
    return judge(
        Signed(extension, part.files, part.label),
        Signed(whole, app.app.files, app.app.label),
        known,
        now,
    )


class Signed(msgspec.Struct, frozen=True):
    """A bundle that is as it was sealed: its signature, the files of that, and its label."""

    code: Code
    files: Mapping[str, bytes]
    label: str


def judge(extension: Signed, app: Signed, known: Trust, now: datetime.datetime) -> Signature:
    """Judge the signers of an extension and its app, and the channel that they came through."""
    team = extension.code.team_id
    signer = f"{extension.code.signer} ({team or 'no team'})"
    try:
        for one in (extension, app):
            code.judge_signer(one.code, one.files, known, now, one.label)
        channel = notary.judge_channel(app.code, app.files, known, now, app.label)
    except SignatureError as error:
        words = f"signed by {signer}, not trusted"
        return Signature(words, team, reason=str(error))
    return Signature(f"signed by {signer}, {_CHANNEL[channel]}", team, trusted=True)


def _invalid(error: SignatureError) -> BundleError:
    code = int(SxCode.CODE_SIGNATURE_INVALID)
    return BundleError(f"sx-{code}", str(error), sx_code=code)
