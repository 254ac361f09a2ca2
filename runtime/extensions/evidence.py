"""What an app said for its extension, kept beside the staged copy: trust can be judged again.

``staged/HASH.app`` holds the app's ``_CodeSignature/``, packed; the extension's own is in its
archive. Nothing rests on the file: its statements are signed, and the app's has to name the seal
of this very extension.

Blocks: worker processes only.
Invariant: what cannot be judged is not trusted, and says why.
"""

import datetime
from pathlib import Path

from runtime.extensions import signature, staging
from runtime.extensions.manifest import NOT_SIGNED
from runtime.extensions.signature import Signature, Signed
from runtime.extensions.signed_app import SignedApp
from runtime.extensions.verdicts import Verdict
from runtime.model import archive
from runtime.model.errors import BreachError, SignatureError, UnavailableError
from runtime.model.identity import ContentHash
from runtime.signing import code
from runtime.signing.code import KNOWN, SIGNATURE
from runtime.signing.errors import broken
from runtime.signing.trust import Trust

_APP = "the app's signature"
_EXTENSION = "the extension's signature"
_REASON = 500  # characters


def keep(app: SignedApp, content_hash: ContentHash, state_dir: Path) -> None:
    """Keep an app's signature beside the staged copy of its extension.

    Raises:
        UnavailableError: The state folder cannot be written.
    """
    files = {path: data for path, data in app.app.files.items() if path in KNOWN}
    staging.write(state_dir, f"{content_hash}{staging.EVIDENCE}", archive.pack(files))


def judge(
    state_dir: Path, content_hash: ContentHash, known: Trust, now: datetime.datetime
) -> Verdict:
    """Judge a staged extension again.

    Raises:
        ProblemError: Its staged copy is missing or another.
    """
    files = archive.unpack(staging.load_staged(state_dir, content_hash))
    if SIGNATURE not in files:
        return Verdict(content_hash, NOT_SIGNED, "", False, "")
    try:
        extension = Signed(code.verify(files, _EXTENSION), files, _EXTENSION)
        found = signature.judge(extension, _app(state_dir, content_hash, extension), known, now)
    except SignatureError as error:
        found = Signature("signed, not trusted", reason=str(error))
    return Verdict(content_hash, found.words, found.team_id, found.trusted, found.reason[:_REASON])


def _app(state_dir: Path, content_hash: ContentHash, extension: Signed) -> Signed:
    path = state_dir / staging.FOLDER / f"{content_hash}{staging.EVIDENCE}"
    try:
        files = archive.unpack(path.read_bytes())
    except FileNotFoundError:
        raise broken(str(path), "the signature of its app", "no such file") from None
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise UnavailableError(f"{path}: expected to read it, found {found}") from None
    except BreachError as error:
        raise broken(str(path), "the signature of its app", str(error)) from None
    whole = code.read(files, _APP)
    if extension.code.digest not in whole.seal.nested.values():
        raise broken(str(path), "an app with this extension in it", "another one")
    return Signed(whole, files, _APP)
