"""The worker process: one job that may block, then the end.

It gets one SEQPACKET socket; the job comes as a packet, perhaps much later, or in a memfd beside
one; the result goes back as one, with a descriptor beside it where the job makes one.
Invariant: ends after one job; never in the runtime's own process.
"""

import contextlib
import os
import select
import socket
import sys
from pathlib import Path

import msgspec

from runtime.engine import trusting, unwinding
from runtime.engine.kernel_drivers import made_index
from runtime.engine.recorded import read_recording
from runtime.engine.trusting import ChangeTrust, Judge
from runtime.engine.unwinding import Unwind
from runtime.extensions import icon, location, program, signed_profile, staging
from runtime.extensions.program import Program
from runtime.extensions.staging import Staged
from runtime.extensions.verdicts import Verdict
from runtime.families import details
from runtime.families.recorded.recording import Recording
from runtime.linux import memfd, privileges, sockets, udev
from runtime.model import archive
from runtime.model.device import Device
from runtime.model.errors import BundleError, InspectorError, ProblemError
from runtime.model.icon import Icon
from runtime.model.identity import ContentHash
from runtime.model.native import Calls
from runtime.model.policy import Profile
from runtime.wire import codec, limits
from runtime.wire.commands.registry import Details
from runtime.wire.commands.trust import Trusted

IDLE_SECONDS = 0.05  # without a job: it is a spare one


class Stage(msgspec.Struct, frozen=True, array_like=True, tag="stage"):
    """Stage an app's extension. `folders` None: developer mode, anywhere. Result: `Staged`.

    `uid` is who asks: root reads the app as they do, else they had root read what they may not.
    """

    app_path: str
    bundle_id: str
    state_dir: str
    folders: tuple[str, ...] | None
    uid: int


class ReadProfile(msgspec.Struct, frozen=True, array_like=True, tag="read-profile"):
    """Read a configuration profile, signed or not. Result: `Profile`."""

    data: bytes
    label: str
    state_dir: str


class Load(msgspec.Struct, frozen=True, array_like=True, tag="load"):
    """Read a staged bundle, compare its hash, seal it.

    Result: its size; beside: the memfd, and another one of its native modules, if it has any.
    """

    state_dir: str
    content_hash: ContentHash


class FindApps(msgspec.Struct, frozen=True, array_like=True, tag="find-apps"):
    """Look for apps. Result: the paths where none is any more, though their folders are."""

    paths: tuple[str, ...]


class Describe(msgspec.Struct, frozen=True, array_like=True, tag="describe"):
    """Read a device's details. Result: `Details`."""

    device: Device


class Sweep(msgspec.Struct, frozen=True, array_like=True, tag="sweep"):
    """Delete staged bundles that nothing refers to. Result: how many there were."""

    state_dir: str
    keep: tuple[ContentHash, ...]


class Enumerate(msgspec.Struct, frozen=True, array_like=True, tag="enumerate"):
    """Read all devices of the machine. Result: how many; beside: a memfd with the list."""


class IndexModules(msgspec.Struct, frozen=True, array_like=True, tag="index-modules"):
    """Index the modules of a folder. Result: how many aliases; beside: a memfd with the dump."""

    state_dir: str
    folder: str


class ReadRecording(msgspec.Struct, frozen=True, array_like=True, tag="read-recording"):
    """Read a recorded device as a user may. Result: without its transfers; beside: the whole."""

    path: str
    capture: str
    uid: int


class Identify(msgspec.Struct, frozen=True, array_like=True, tag="identify"):
    """Find out which app a process is of. Result: `Program`."""

    pid: int
    started: int
    state_dir: str
    developer: bool


class DecodeIcon(msgspec.Struct, frozen=True, array_like=True, tag="decode-icon"):
    """Decode the icon of a staged bundle, or with an empty path its app's. Result: `Icon`."""

    state_dir: str
    content_hash: ContentHash
    path: str


class InMemfd(msgspec.Struct, frozen=True, array_like=True, tag="in-memfd"):
    """A job that is too long for a packet: it is in the sealed memfd beside this one."""


Plain = (
    Stage
    | Describe
    | Sweep
    | ChangeTrust
    | Judge
    | FindApps
    | ReadProfile
    | Identify
    | DecodeIcon
    | Unwind
)
Job = Plain | Load | Enumerate | IndexModules | ReadRecording
JobResult = (
    Icon
    | Calls
    | tuple[Verdict, ...]
    | tuple[str, ...]
    | Program
    | Staged
    | Details
    | Trusted
    | Profile
    | Recording
    | int
)


class Failed(msgspec.Struct, frozen=True, array_like=True):
    """A job that could not be done."""

    code: str
    text: str
    sx_code: int = 0


class Done(msgspec.Struct, frozen=True, array_like=True):
    """A result, encoded as the job's."""

    result: msgspec.Raw
    failed: Failed | None = None


def main(argv: list[str] | None = None) -> int:
    """Run one job; `argv` begins with the number of the inherited socket."""
    arguments = sys.argv[1:] if argv is None else argv
    with socket.socket(fileno=int(arguments[0])) as channel:
        if not select.select([channel], [], [], IDLE_SECONDS)[0]:
            _import_signing()  # nobody waits: be ready for what signed bundles need
        packet, beside = sockets.receive_packet(channel, max_fds=1)
        if not packet:
            return 0  # the runtime is gone
        done, descriptors = _carry_out(_job(packet, beside))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the runtime is gone
            sockets.send_packet(channel, _bounded(codec.encode(done)), descriptors)
        sys.stderr.flush()
        os._exit(0)  # the interpreter takes 50 ms to take itself down, and the runtime waits


def _job(packet: bytes, beside: list[int]) -> Job:
    decode: codec.Decoder[Job | InMemfd] = codec.Decoder(Job | InMemfd, "worker's job")
    job = decode(packet)
    if isinstance(job, InMemfd):
        whole: codec.Decoder[Job] = codec.Decoder(Job, "worker's job")
        return whole(memfd.read_sealed(beside[0]))
    return job


def _import_signing() -> None:
    """X.509 takes 100 ms to import."""
    from runtime.extensions import evidence, trust_folder  # noqa: F401, PLC0415


def _bounded(packet: bytes) -> bytes:
    if len(packet) <= limits.PACKET:
        return packet
    said = f"worker: expected a result of at most {limits.PACKET} bytes, found {len(packet)}"
    return codec.encode(Done(codec.raw(None), Failed("failed", said)))


def _carry_out(job: Job) -> tuple[Done, list[int]]:
    nothing = codec.raw(None)
    try:
        result, descriptors = _do(job)
    except BundleError as error:
        return Done(nothing, Failed(error.code, str(error), error.sx_code)), []
    except ProblemError as error:
        return Done(nothing, Failed(error.code, str(error))), []
    except InspectorError as error:
        return Done(nothing, Failed("failed", str(error))), []
    return Done(codec.raw(result)), descriptors


def _do(job: Job) -> tuple[JobResult, list[int]]:
    """Do a job; returns its result, and the memfds that go beside it."""
    match job:
        case Load():
            data = staging.load_staged(Path(job.state_dir), job.content_hash)
            parts = {"bundle": data, "native": staging.native_modules(data)}
            return len(data), [memfd.sealed(name, part) for name, part in parts.items() if part]
        case Enumerate():
            devices = udev.enumerate_devices()
            return len(devices), [memfd.sealed("devices", codec.encode(devices))]
        case IndexModules():
            index = made_index(Path(job.state_dir), Path(job.folder))
            return len(index), [memfd.sealed("aliases", index.dump())]
        case ReadRecording():
            recording, transfers = read_recording(job.path, job.capture, job.uid)
            return recording, [transfers]
        case _:
            return _result(job), []


def _result(job: Plain) -> JobResult:
    """Do a job that has nothing beside its result."""
    result: JobResult
    match job:
        case Stage():
            folders = None if job.folders is None else [Path(folder) for folder in job.folders]
            result = staging.stage(
                *(Path(job.app_path), job.bundle_id, Path(job.state_dir), folders),
                reading=lambda: _reading(job.uid),
            )
        case Describe():
            result = details.describe(job.device)
        case ReadProfile(data=data, label=label):
            result = signed_profile.read(data, label, Path(job.state_dir))
        case ChangeTrust():
            result = trusting.carry_out(job)
        case Identify(pid=pid, started=started, developer=developer):
            result = program.identify(pid, started, Path(job.state_dir), developer=developer)
        case DecodeIcon():
            result = icon.decode(_icon_file(job), job.path or "the app's icon")
        case FindApps():
            result = location.missing(job.paths)
        case Judge():
            result = trusting.judge(job)
        case Unwind():
            result = unwinding.carry_out(job)
        case Sweep():
            result = staging.collect_garbage(Path(job.state_dir), job.keep)
    return result


def _icon_file(job: DecodeIcon) -> bytes:
    state_dir = Path(job.state_dir)
    if not job.path:
        return staging.load_icon(state_dir, job.content_hash)
    return archive.unpack(staging.load_staged(state_dir, job.content_hash))[job.path]


def _reading(uid: int) -> contextlib.AbstractContextManager[None]:
    other = os.geteuid() == 0 and uid != 0
    return privileges.reading_as(uid) if other else contextlib.nullcontext()


if __name__ == "__main__":
    sys.exit(main())
