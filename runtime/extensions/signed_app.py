"""An app as its signature sees it: its own files, and the extensions nested in it.

Paths are those inside ``Contents``; beside ``Contents`` an app has nothing. An extension is nested
by its folder's name (``com.example.driver.dext``), and its files count from its content folder.
Invariant: every file of an app belongs to exactly one part.
"""

from pathlib import Path

import msgspec

from runtime.extensions import plist
from runtime.extensions.bundle import EXTENSIONS_FOLDER, check_app_folder
from runtime.extensions.folder import read_folder
from runtime.extensions.manifest import ENTITLEMENTS, INFO, identifier
from runtime.model.identity import BundleId
from runtime.signing import code, seal
from runtime.signing.code import Code
from runtime.signing.errors import broken
from runtime.signing.identity import Identity

_NESTED = EXTENSIONS_FOLDER.removeprefix("Contents/") + "/"
_WITH_CONTENTS = ".systemextension"


class Part(msgspec.Struct, frozen=True):
    """One signed unit: an app or an extension in it; `folder` is where its files are."""

    label: str
    folder: Path
    files: dict[str, bytes]

    def identifier(self) -> BundleId:
        """CFBundleIdentifier of its Info.plist.

        Raises:
            BundleError: It has none.
        """
        label = f"{self.label}/{INFO}"
        return identifier(plist.read(self.files.get(INFO, b""), label), label)


class SignedApp(msgspec.Struct, frozen=True):
    """An app in parts: itself, and its extensions by their folders' names."""

    app: Part
    extensions: dict[str, Part]


def read(path: Path) -> SignedApp:
    """Read a whole app; blocks, takes as long as it is big.

    Raises:
        BundleError: It is no app, or holds what no bundle may hold.
        SignatureError: There is something beside its ``Contents``.
    """
    check_app_folder(path)
    for item in sorted(path.iterdir()):
        if item.name != "Contents":
            raise broken(str(path / item.name), "nothing beside Contents", "it")
    contents = path / "Contents"
    own: dict[str, bytes] = {}
    nested: dict[str, dict[str, bytes]] = {}
    for name, data in read_folder(contents, f"{path.name}/Contents").items():
        inner = name.removeprefix(_NESTED)
        if inner == name or "/" not in inner:
            own[name] = data
        else:
            bundle, rest = inner.split("/", 1)
            nested.setdefault(bundle, {})[rest] = data
    label = f"{path.name}/Contents"
    return SignedApp(
        Part(label, contents, own),
        {
            name: _extension(name, files, label, contents / _NESTED)
            for name, files in nested.items()
        },
    )


def sign(app: SignedApp, identity: Identity, authority: Identity | None) -> dict[Path, bytes]:
    """Sign an app inside out; returns the files to write, by where they go.

    Raises:
        BundleError: A part has no identifier.
        SignatureError: Two paths differ only by case.
    """
    written: dict[Path, bytes] = {}
    digests: dict[str, str] = {}
    for name, part in app.extensions.items():
        sealed = seal.make(part.files, part.identifier(), INFO, ENTITLEMENTS)
        digests[name] = seal.digest(sealed)
        written |= _placed(part, code.sign(sealed, identity, authority))
    sealed = seal.make(app.app.files, app.app.identifier(), INFO, ENTITLEMENTS, digests)
    return written | _placed(app.app, code.sign(sealed, identity, authority))


def signature_files(app: SignedApp) -> set[Path]:
    """Where every file of an app's signatures is now, those of its extensions too."""
    return {
        part.folder / path
        for part in (app.app, *app.extensions.values())
        for path in part.files
        if path.startswith(seal.FOLDER)
    }


def verify(app: SignedApp) -> tuple[Code, dict[str, Code]]:
    """Hold an app and each extension in it to their signatures; trust is another question.

    Raises:
        SignatureError: The first thing that is not as it was sealed.
    """
    codes = {name: code.verify(part.files, part.label) for name, part in app.extensions.items()}
    digests = {name: one.digest for name, one in codes.items()}
    return code.verify(app.app.files, app.app.label, digests), codes


def _extension(name: str, files: dict[str, bytes], label: str, folder: Path) -> Part:
    where = f"{label}/{_NESTED}{name}"
    if not name.endswith(_WITH_CONTENTS):
        return Part(where, folder / name, files)
    inner = {path.removeprefix("Contents/"): data for path, data in files.items()}
    for path in files:
        if not path.startswith("Contents/"):
            raise broken(f"{where}/{path}", "nothing beside Contents", "it")
    return Part(f"{where}/Contents", folder / name / "Contents", inner)


def _placed(part: Part, files: dict[str, bytes]) -> dict[Path, bytes]:
    return {part.folder / path: data for path, data in files.items()}
