"""Reading a recording: files of whoever asks, opened with his rights, parsed by a confined child.

Everything here blocks and runs in a worker process.
Invariant: the parsers see the files' bytes in a process that can open nothing.
"""

import os
from pathlib import Path
from typing import NoReturn

import msgspec

from runtime.families.recorded.read import read
from runtime.families.recorded.recording import FILE, Recording, decode
from runtime.linux import memfd, places
from runtime.linux.confine import confine
from runtime.model.errors import BreachError, InspectorError, ProblemError
from runtime.wire import codec, limits

_READ, _REFUSED = b"R", b"E"
_OUTPUT = 4 * FILE  # bytes of a recording: the child was told what it may read


def read_recording(path: str, capture: str, uid: int) -> tuple[Recording, int]:
    """Read a device's file and its capture, if there is one, as a user may read them.

    Returns:
        The recording without its transfers, and a sealed memfd of the whole; the caller's to close.

    Raises:
        ProblemError: ``invalid``, ``not-found`` or ``failed``: a file is not what it has to be.
    """
    _become(uid)
    device = _bytes(path)
    transfers = _bytes(capture) if capture else None
    data = _parsed(device, transfers, path, capture)
    try:
        whole = decode(data)
    except BreachError as error:
        raise ProblemError("failed", f"{path}: {error}") from None
    return msgspec.structs.replace(whole, exchanges=()), memfd.sealed("recording", data)


def _become(uid: int) -> None:
    """Root reads nothing that the user who asks could not read."""
    if os.geteuid() or not uid:
        return
    account = places.account(uid)
    os.initgroups(account.pw_name, account.pw_gid)
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(uid, uid, uid)


def _bytes(path: str) -> bytes:
    try:
        if not Path(path).is_file():
            found = "a folder or device" if Path(path).exists() else "none"
            raise ProblemError("not-found", f"{path}: expected a file, found {found}")
        with Path(path).open("rb") as file:
            data = file.read(FILE + 1)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ProblemError("failed", f"{path}: expected to read it, found {found}") from None
    if len(data) > FILE:
        raise ProblemError("invalid", f"{path}: expected at most {FILE} bytes, found more")
    return data


def _parsed(device: bytes, capture: bytes | None, name: str, capture_name: str) -> bytes:
    """The encoded recording, made in a child of this process."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(receive)  # else nobody's end of it would be noticed
        _parse(send, device, capture, name, capture_name)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        output = pipe.read(_OUTPUT + 1)
    os.waitpid(pid, 0)
    if output.startswith(_REFUSED):
        raise ProblemError("invalid", output[1:].decode()[: limits.TEXT])
    if not output.startswith(_READ) or len(output) > _OUTPUT:
        raise ProblemError(
            "failed", f"{name}: expected a recording that fits in memory, found a larger"
        )
    return output[1:]


def _parse(
    send: int, device: bytes, capture: bytes | None, name: str, capture_name: str
) -> NoReturn:
    """Become the parser; called in a fresh child, which never gets back into the worker."""
    try:
        said = memoryview(_recording(device, capture, name, capture_name))
        while said:
            said = said[os.write(send, said) :]
    except BaseException:  # noqa: BLE001 - the edge of the process
        os._exit(1)
    os._exit(0)


def _recording(device: bytes, capture: bytes | None, name: str, capture_name: str) -> bytes:
    """What the child says: a recording, why there is none, or nothing where memory is short."""
    try:
        confine(len(device) + len(capture or b""))
        recording = read(device, capture, Path(name).name, Path(capture_name).name)
        return _READ + codec.encode(recording)
    except InspectorError as error:
        return _REFUSED + str(error).encode("utf-8", "replace")
    except MemoryError:
        return b""
