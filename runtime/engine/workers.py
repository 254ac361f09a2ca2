"""Running jobs in worker processes from the event loop.

At most `WORKERS` run at once; the others wait their turn.
Invariant: no worker has a second job, and none outlives its job.
"""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from runtime.engine import worker
from runtime.engine.spare import SPARE, Spare, end
from runtime.engine.trusting import MOST_JUDGED, ChangeTrust, Judge
from runtime.engine.unwinding import Unwind
from runtime.extensions.program import Program
from runtime.extensions.staging import Staged
from runtime.extensions.verdicts import Verdict
from runtime.families.recorded.recording import Recording
from runtime.linux import memfd, sockets
from runtime.model.device import Device
from runtime.model.errors import BreachError, BundleError, ProblemError
from runtime.model.icon import Icon
from runtime.model.identity import ContentHash
from runtime.model.native import Calls
from runtime.model.policy import Profile
from runtime.model.processes import Process, Role
from runtime.wire import codec, limits
from runtime.wire.commands.registry import Details
from runtime.wire.commands.trust import Trusted

WORKERS = 2
MOST_APPS = 16  # in one job: their paths are one packet

_done: codec.Decoder[worker.Done] = codec.Decoder(worker.Done, "worker's result")
_staged: codec.Decoder[Staged] = codec.Decoder(Staged, "staged extension")
_devices: codec.Decoder[list[Device]] = codec.Decoder(list[Device], "machine's devices")
_trusted: codec.Decoder[Trusted] = codec.Decoder(Trusted, "trust")
_calls: codec.Decoder[Calls] = codec.Decoder(Calls, "native frames")
_icon: codec.Decoder[Icon] = codec.Decoder(Icon, "icon")
_program: codec.Decoder[Program] = codec.Decoder(Program, "program")
_count: codec.Decoder[int] = codec.Decoder(int, "number of bundles")
_profile: codec.Decoder[Profile] = codec.Decoder(Profile, "configuration profile")
_verdicts: codec.Decoder[tuple[Verdict, ...]] = codec.Decoder(tuple[Verdict, ...], "verdicts")
_paths: codec.Decoder[tuple[str, ...]] = codec.Decoder(tuple[str, ...], "apps' paths")
_recording: codec.Decoder[Recording] = codec.Decoder(Recording, "recording")
_details: codec.Decoder[Details] = codec.Decoder(Details, "device's details")


class Workers:
    """A few short-lived processes for what may block."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(WORKERS)
        self._spare = Spare()

    def start(self) -> None:
        """Have a worker wait for the next job from now on."""
        self._spare.start()

    def processes(self) -> Iterator[Process]:
        """The worker that waits; what it uses is not read."""
        if pid := self._spare.pid:
            yield Process(Role.WORKER, SPARE, pid)

    async def close(self) -> None:
        """End the worker that waits; nobody may have a job running."""
        await self._spare.close()

    async def stage(self, job: worker.Stage) -> Staged:
        """Stage an extension.

        Raises:
            BundleError, ProblemError: It is not what it has to be, or could not be kept; or no
            worker could be started, as from every job here.
        """
        result, _ = await self._run(job)
        return _staged(result)

    async def load(
        self, state_dir: str, content_hash: ContentHash
    ) -> tuple[int, memfd.Shared | None]:
        """A sealed memfd of a staged bundle, the caller's to close, and one of its native modules.

        Raises:
            ProblemError: It is missing, or not what was staged.
        """
        _, descriptors = await self._run(worker.Load(state_dir, content_hash))
        if not descriptors:
            raise ProblemError("failed", "worker: expected a memfd, found none")
        bundle, *modules = descriptors
        return bundle, memfd.Shared(modules[0]) if modules else None

    async def describe(self, device: Device) -> Details:
        """A device's details."""
        result, _ = await self._run(worker.Describe(device))
        return _details(result)

    async def enumerate(self) -> list[Device]:
        """All devices of the machine, parents before their children."""
        descriptor = await self._memfd(worker.Enumerate())
        try:
            return _devices(memfd.read_sealed(descriptor))
        finally:
            os.close(descriptor)

    async def change_trust(self, job: ChangeTrust) -> Trusted:
        """Carry out a command about trust."""
        result, _ = await self._run(job)
        return _trusted(result)

    async def read_profile(self, data: bytes, label: str, state_dir: str) -> Profile:
        """Read a configuration profile.

        Raises:
            BundleError: It is none.
            ProblemError: ``signature``: its signature does not hold.
        """
        result, _ = await self._run(worker.ReadProfile(data, label, state_dir))
        return _profile(result)

    async def judge(
        self, state_dir: str, content_hashes: Sequence[ContentHash]
    ) -> tuple[Verdict, ...]:
        """What the signatures of staged extensions are worth now."""
        found: list[Verdict] = []
        for first in range(0, len(content_hashes), MOST_JUDGED):
            some = tuple(content_hashes[first : first + MOST_JUDGED])
            result, _ = await self._run(Judge(state_dir, some))
            found += _verdicts(result)
        return tuple(found)

    async def missing_apps(self, paths: Sequence[str]) -> frozenset[str]:
        """The paths of apps that were deleted or moved."""
        found: set[str] = set()
        for first in range(0, len(paths), MOST_APPS):
            some = tuple(paths[first : first + MOST_APPS])
            result, _ = await self._run(worker.FindApps(some))
            found.update(_paths(result))
        return frozenset(found)

    async def read_recording(
        self, path: str, capture: str, uid: int
    ) -> tuple[Recording, memfd.Shared]:
        """A recorded device without its transfers, and the sealed memfd of the whole.

        Raises:
            ProblemError: A file is not what it has to be, or the user may not read it.
        """
        result, descriptors = await self._run(worker.ReadRecording(path, capture, uid))
        if len(descriptors) != 1:
            raise ProblemError("failed", f"worker: expected one memfd, found {len(descriptors)}")
        return _recording(result), memfd.Shared(descriptors[0])

    async def identify(self, job: worker.Identify) -> Program:
        """Which app a process is of.

        Raises:
            ProblemError: ``gone``: it has ended.
        """
        result, _ = await self._run(job)
        return _program(result)

    async def read_icon(self, state_dir: str, content_hash: ContentHash, path: str) -> Icon:
        """The icon at a path of a staged bundle; with an empty one, that of the app it came in.

        Raises:
            BundleError: It is no small PNG.
        """
        result, _ = await self._run(worker.DecodeIcon(state_dir, content_hash, path))
        return _icon(result)

    async def unwind(self, job: Unwind) -> Calls:
        """Who had called whom.

        Raises:
            ProblemError: It took too long, or the bundle is missing.
        """
        result, _ = await self._run(job)
        return _calls(result)

    async def index_modules(self, state_dir: str, folder: str) -> bytes:
        """The index of the modules of a folder, dumped."""
        descriptor = await self._memfd(worker.IndexModules(state_dir, folder))
        try:
            return memfd.read_sealed(descriptor)
        finally:
            os.close(descriptor)

    async def sweep(self, state_dir: str, keep: tuple[ContentHash, ...]) -> int:
        """Delete staged bundles that nothing refers to; returns how many there were."""
        result, _ = await self._run(worker.Sweep(state_dir, keep))
        return _count(result)

    async def _memfd(self, job: worker.Job) -> int:
        _, descriptors = await self._run(job)
        if len(descriptors) != 1:
            raise ProblemError("failed", f"worker: expected one memfd, found {len(descriptors)}")
        return descriptors[0]

    async def _run(self, job: worker.Job) -> tuple[Any, list[int]]:
        async with self._free:
            taken = self._spare.take()
            ours = taken[0]
            try:
                _send(ours, job)
                await _readable(ours.fileno())
                packet, descriptors = sockets.receive_packet(ours, max_fds=2)
            except (BrokenPipeError, ConnectionResetError):
                packet, descriptors = b"", []  # it was killed before it read the job
            finally:
                await end(taken)
        if not packet:
            what = type(job).__name__
            raise ProblemError("failed", f"worker: expected it to do {what}, found that it ended")
        try:
            done = _done(packet)
        except BreachError:
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        if done.failed is not None:
            raise _error(done.failed)
        return done.result, descriptors


def _send(channel: socket.socket, job: worker.Job) -> None:
    """Send a job; in a sealed memfd where it is too long for a packet."""
    encoded = codec.encode(job)
    if len(encoded) <= limits.PACKET:
        sockets.send_packet(channel, encoded)
        return
    descriptor = memfd.sealed("job", encoded)
    try:
        sockets.send_packet(channel, codec.encode(worker.InMemfd()), [descriptor])
    finally:
        os.close(descriptor)


def _error(failed: worker.Failed) -> ProblemError:
    if failed.sx_code:
        return BundleError(failed.code, failed.text, sx_code=failed.sx_code)
    return ProblemError(failed.code, failed.text)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
