"""Staging: an app's extension is read once, checked, packed, hashed and kept by its hash.

Everything here blocks and runs in a worker process. What is approved later is this copy, and
this copy is what runs.
Source: Apple, sysextd (realize, stage, validate); LWN "a way to do atomic writes" (fsync, rename).
Invariant: a file named by a hash holds exactly the bytes with that hash, or does not exist.
"""

import contextlib
import datetime
import errno
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from runtime.extensions import entitlements
from runtime.extensions.bundle import EXTENSIONS_FOLDER, App, Bundle, check_app_folder, read_app
from runtime.extensions.codes import refused
from runtime.extensions.kind import check_runs_here
from runtime.extensions.location import check_location
from runtime.extensions.manifest import ENTITLEMENTS, INFO, Manifest
from runtime.model import archive, content
from runtime.model.errors import BreachError, ProblemError, UnavailableError
from runtime.model.identity import ContentHash
from runtime.model.sx_code import SxCode

FOLDER = "staged"
EVIDENCE = ".app"  # ends the name of what `runtime.extensions.evidence` keeps
ICON = ".icon"  # ends the name of an app's icon
_TEMPORARY = ".tmp-"
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR})


class Staged(msgspec.Struct, frozen=True, array_like=True):
    """One extension that is staged and checked; what a request for its activation is about."""

    manifest: Manifest
    content_hash: ContentHash
    app: str
    app_path: str
    size: int  # bytes of the archive
    app_icon: bool = False  # whether its app's icon is kept beside it, as it has none of its own


def stage(
    app_path: Path,
    bundle_id: str,
    state_dir: Path,
    folders: Sequence[Path] | None,
    reading: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
) -> Staged:
    """Read, check and stage an app's extension; blocks, takes as long as the bundle is big.

    `bundle_id` empty means the app's only extension. `folders` are the Applications folders
    that the app has to be in; None in developer mode, which lifts that. What is the app's is read
    within `reading`: as who asks, where the runtime may read more than they.

    Raises:
        BundleError: The app or its extension is not what it has to be.
        UnavailableError: The state folder cannot be written.
    """
    if not app_path.is_absolute():
        raise refused(str(app_path), "an absolute path", "a relative one")
    with _readable(app_path), reading():
        check_app_folder(app_path)
        if folders is not None:
            check_location(app_path, folders)
        app = read_app(app_path, bundle_id)
    bundle = _only(app)
    _check_runnable(app, bundle)
    try:
        data = archive.pack(bundle.files)
    except BreachError as error:
        raise refused(bundle.path, "a bundle that can be packed", str(error)) from error
    content_hash = content.content_hash(data)
    manifest = _judged(app_path, app, content_hash, state_dir, reading)
    write(state_dir, content_hash, data)
    icons = () if manifest.icon else tuple(app.icon.values())
    for icon in icons:
        write(state_dir, f"{content_hash}{ICON}", icon)
    return Staged(manifest, content_hash, app.name, app.path, len(data), bool(icons))


def load_staged(state_dir: Path, content_hash: ContentHash) -> bytes:
    """Read a staged archive and compare its hash; blocks.

    Raises:
        ProblemError: ``not-found``: it is not there; ``changed``: it is not what was staged;
            ``failed``: it could not be read this time.
    """
    path = state_dir / FOLDER / content_hash
    try:
        data = path.read_bytes()
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        code = "not-found" if error.errno in _GONE else "failed"
        raise ProblemError(code, f"{path}: expected a staged bundle, found {found}") from None
    actual = content.content_hash(data)
    if actual != content_hash:
        raise ProblemError(
            "changed", f"{path}: expected the content it is named by, found {actual}"
        )
    return data


def load_icon(state_dir: Path, content_hash: ContentHash) -> bytes:
    """Read the icon of the app that a staged bundle came in; blocks.

    Raises:
        ProblemError: ``not-found``.
    """
    path = state_dir / FOLDER / f"{content_hash}{ICON}"
    try:
        return path.read_bytes()
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ProblemError("not-found", f"{path}: expected an icon, found {found}") from None


def native_modules(data: bytes) -> bytes:
    """The archive of the native modules of a bundle's archive; empty where it has none."""
    files = archive.unpack(data)
    found = {path: content for path, content in files.items() if archive.is_native(path)}
    return archive.pack(found) if found else b""


def collect_garbage(state_dir: Path, keep: Collection[ContentHash]) -> int:
    """Remove staged archives that nobody refers to, and left-over parts; return how many.

    Only while nothing is being staged: at the start of the runtime.

    Raises:
        UnavailableError: The state folder cannot be written.
    """
    folder = state_dir / FOLDER
    if not folder.is_dir():
        return 0
    removed = 0
    try:
        for path in folder.iterdir():
            if path.name.removesuffix(EVIDENCE).removesuffix(ICON) not in keep:
                path.unlink(missing_ok=True)
                removed += 1
    except OSError as error:
        raise _unwritable(folder, error) from None
    return removed


def _only(app: App) -> Bundle:
    if len(app.extensions) != 1:
        names = ", ".join(bundle.manifest.bundle_id for bundle in app.extensions)
        raise refused(
            app.path,
            "the identifier of one of its extensions",
            f"none named, there are {names}",
            sx_code=SxCode.EXTENSION_NOT_FOUND,
        )
    return app.extensions[0]


@contextlib.contextmanager
def _readable(app_path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise refused(
            str(app_path),
            "an app that who asks can read",
            found,
            sx_code=SxCode.EXTENSION_NOT_FOUND,
        ) from None


def _judged(
    app_path: Path,
    app: App,
    content_hash: ContentHash,
    state_dir: Path,
    reading: Callable[[], AbstractContextManager[None]],
) -> Manifest:
    """The manifest with what its signature is worth on this machine.

    The app is read once more, whole this time; what is judged is what was read before, or nothing.
    """
    bundle = _only(app)
    if not any(path.startswith("_CodeSignature/") for path in bundle.files):
        return bundle.manifest
    # X.509 takes 100 ms to import, and the runtime imports this module without running it.
    from runtime.extensions import evidence, signature, signed_app, trust_folder  # noqa: PLC0415

    name = bundle.path.removeprefix(f"{EXTENSIONS_FOLDER}/").split("/")[0]
    with _readable(app_path), reading():
        signed = signed_app.read(app_path)
    part = signed.extensions.get(name)
    same = app.icon.items() <= signed.app.files.items()
    if part is None or part.files != bundle.files or not same:
        raise refused(bundle.path, "a bundle that nobody changes while it is read", "another")
    now = datetime.datetime.now(datetime.UTC)
    found = signature.inspect(signed, name, trust_folder.load(state_dir), now)
    if found.trusted or not (state_dir / FOLDER / f"{content_hash}{EVIDENCE}").exists():
        evidence.keep(signed, content_hash, state_dir)
    return msgspec.structs.replace(
        bundle.manifest, signature=found.words, team_id=found.team_id, trusted=found.trusted
    )


def _check_runnable(app: App, bundle: Bundle) -> None:
    """This runtime runs driver extensions, and those need the entitlement to be one."""
    where = f"{app.name}/{bundle.path}"
    check_runs_here(bundle.manifest.category, f"{where}/{INFO}")
    if bundle.manifest.entitlements().get(entitlements.DRIVERKIT) is not True:
        raise refused(
            f"{where}/{ENTITLEMENTS}: {entitlements.DRIVERKIT}",
            "true",
            "no such entitlement",
            sx_code=SxCode.MISSING_ENTITLEMENT,
        )


def write(state_dir: Path, name: str, data: bytes) -> None:
    """Write a staged file atomically: flushed to disk, renamed; then the folder flushed.

    Raises:
        UnavailableError: The state folder cannot be written.
    """
    folder = state_dir / FOLDER
    target = folder / name
    temporary = folder / f"{_TEMPORARY}{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists() and target.read_bytes() == data:
            return
        _write_through(temporary, data)
        temporary.rename(target)
        _sync_folder(folder)
    except OSError as error:
        with contextlib.suppress(OSError):  # what remains of it is swept at the next start
            temporary.unlink(missing_ok=True)
        raise _unwritable(folder, error) from None


def _write_through(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> UnavailableError:
    found = (error.strerror or str(error)).lower()
    return UnavailableError(f"{folder}: expected a folder that can be written, found {found}")
