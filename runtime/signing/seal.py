"""The seal of a bundle: the digest of every file in it, and of the bundles nested in it.

A seal is a JSON object with sorted keys; it is the payload of the bundle's code signature. The
files of a bundle are all that `read_folder` finds but ``_CodeSignature/`` itself; a nested bundle
(``Contents/Library/SystemExtensions/ID.dext``) is sealed by the digest of its own seal.
Invariant: equal files give equal bytes; two paths that a file system may take for one are never
sealed and never accepted.
"""

import hashlib
import unicodedata
from collections.abc import Mapping

import msgspec

from runtime.signing.errors import broken

FOLDER = "_CodeSignature/"
VERSION = 1


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a code signature says: `files` and `nested` map a path to SHA-256 in hex.

    `info` and `entitlements` repeat the digests of those two files (empty: no such file), so that
    what a bundle is and what it asks for can be named without the rest.
    """

    version: int
    identifier: str
    info: str
    entitlements: str
    files: dict[str, str]
    nested: dict[str, str] = {}


def digest(data: bytes) -> str:
    """SHA-256 in 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def make(
    files: Mapping[str, bytes],
    identifier: str,
    info: str,
    entitlements: str,
    nested: Mapping[str, str] | None = None,
) -> bytes:
    """Seal a bundle's files; `info` and `entitlements` are the paths of those two.

    Raises:
        SignatureError: Two of its paths differ only by case or by Unicode's forms.
    """
    content = contents(files)
    check_paths(content, identifier)
    digests = {path: digest(data) for path, data in sorted(content.items())}
    seal = Seal(
        version=VERSION,
        identifier=identifier,
        info=digests.get(info, ""),
        entitlements=digests.get(entitlements, ""),
        files=digests,
        nested=dict(sorted((nested or {}).items())),
    )
    return msgspec.json.encode(seal)


def read(payload: bytes, where: str) -> Seal:
    """Decode a seal.

    Raises:
        SignatureError: It is none, or one of a later version.
    """
    try:
        seal = msgspec.json.decode(payload, type=Seal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise broken(where, "a seal", str(error)) from None
    if seal.version != VERSION:
        raise broken(f"{where}: version", str(VERSION), str(seal.version))
    return seal


def check(seal: Seal, files: Mapping[str, bytes], where: str) -> None:
    """Hold a bundle's files to its seal: none changed, none missing, none added.

    Raises:
        SignatureError: The first path, in order, that is not as it was sealed.
    """
    content = contents(files)
    check_paths(content, where)
    for path in sorted({*seal.files, *content}):
        if path not in content:
            raise broken(f"{where}/{path}", "the file that was sealed", "no such file")
        if path not in seal.files:
            raise broken(f"{where}/{path}", "nothing, as it was sealed", "an added file")
        if digest(content[path]) != seal.files[path]:
            raise broken(f"{where}/{path}", "the content that was sealed", "another")


def check_nested(seal: Seal, nested: Mapping[str, str], where: str) -> None:
    """Hold the bundles inside an app to its seal, by the digests of their seals.

    Raises:
        SignatureError: The first nested bundle that is not as it was sealed.
    """
    for path in sorted({*seal.nested, *nested}):
        if path not in nested:
            raise broken(f"{where}/{path}", "the bundle that was sealed", "no such bundle")
        if path not in seal.nested:
            raise broken(f"{where}/{path}", "nothing, as it was sealed", "an added bundle")
        if nested[path] != seal.nested[path]:
            raise broken(f"{where}/{path}", "the bundle that was sealed", "another one")


def contents(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """All files but the signature's own."""
    return {path: data for path, data in files.items() if not path.startswith(FOLDER)}


def check_paths(files: Mapping[str, bytes], where: str) -> None:
    """Refuse two paths that a file system without case or with Unicode's forms takes for one.

    Raises:
        SignatureError: The second of the first such pair, in order.
    """
    seen: dict[str, str] = {}
    for path in sorted(files):
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in seen:
            raise broken(f"{where}/{path}", "names that differ by more than case", seen[folded])
        seen[folded] = path
