"""A driver process at work: its bundle loaded once, and a service for every `Attach`.

It is also the SDK's process. Everything here but `die`, `log` and `create_queue` runs on the main
thread, and a service's `Instance` on its Default queue.
Invariant: a process that is not shared has at most one service in its life.
"""

import ctypes
import functools
import importlib
import os
import threading
import traceback
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import NoReturn

from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.service import IOService
from runtime.host import libraries
from runtime.host.connection import Connection
from runtime.host.instance import Instance
from runtime.host.lines import Incoming, ProviderLost
from runtime.host.loader import install
from runtime.host.queues import DefaultQueue, current_service
from runtime.host.sources import Sources
from runtime.host.thread_queue import ThreadQueue
from runtime.host.watcher import Watcher
from runtime.linux import memfd, memory
from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import JoinedMemory, SharedMemory
from runtime.model import archive
from runtime.model.errors import BreachError
from runtime.model.identity import ContentHash
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Stage
from runtime.wire import driver
from runtime.wire.limits import CODE, FRAMES, NAME, TEXT

_DRAIN_S = 0.5  # for the last log lines of an orderly end


class Driver:
    """The driver process, its bundle and its services."""

    def __init__(
        self,
        connection: Connection,
        queue: DefaultQueue,
        watcher: Watcher,
        rename: Callable[[str], None],
        dump: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._queue = queue
        self._watcher = watcher
        self._rename = rename
        self._dump = dump
        self._load: driver.Load | None = None
        self._module: ModuleType | None = None
        self._tag = 0  # the first service, after which the process is called
        self._only: Instance | None = None  # of a process that is not shared
        self._instances: dict[int, Instance] = {}  # by service
        self._defaults: dict[int, DefaultQueue] = {}  # by service
        self._queues: list[ThreadQueue] = []
        self._sources: Sources | None = None
        watcher.watch(queue)

    # --- packets of the runtime ------------------------------------------------------------

    def handle(self, packet: Incoming) -> None:
        """Carry out one packet.

        Raises:
            BreachError: The packet has no place here.
            Exception: What the driver's own code raised.
        """
        match packet:
            case driver.Hello():
                pass
            case driver.Load():
                self._queue.run("load", lambda: self._import(packet))
            case driver.Attach():
                self._attach(packet)
            case (
                driver.Call() | driver.Complete() | driver.ServiceNotification() | ProviderLost()
            ) if self._only is not None:
                self._only.handle(packet)
            case driver.Call(number=number) if self._tag:
                gone = driver.Fail(
                    number,
                    IOReturn.NOT_ATTACHED,
                    "the service is gone, or there was no thread for it",
                )
                self._connection.send(gone)
            case driver.Complete() | driver.ServiceNotification() | ProviderLost() if self._tag:
                pass  # for a service that is gone
            case driver.CrashYourself():
                self._queue.run("crash", _dereference_null)
            case driver.Goodbye():
                self._end("", ())
            case _:
                raise BreachError(f"packet: expected one for a driver, found {packet}")

    def die(self, error: BaseException) -> NoReturn:
        """End the process because of an exception; any thread."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f"{f.name} ({f.filename}:{f.lineno})" for f in reversed(frames)]
        traceback.print_exception(error)
        self._dump()
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self._end(text[:TEXT], tuple(line[:TEXT] for line in lines[:FRAMES]))

    def _import(self, load: driver.Load) -> None:
        if self._load is not None:
            raise BreachError("load: expected one, found a second")
        self._load = load
        self._rename(load.server_name)
        bundle = self._connection.take_bundle()
        files = archive.unpack(memfd.read_sealed(bundle))
        os.close(bundle)
        libraries.install()
        finder = install(files, f"{load.bundle_id}.dext", ContentHash(load.content_hash))
        code = finder.compile(load.executable, load.code)
        if not load.code:
            self._connection.send(driver.Compiled(code if len(code) <= CODE else b""))
            memory.give_back()  # the compiler took more than the driver itself
        self._module = importlib.import_module(load.executable)
        self._connection.send(driver.Staged(Stage.LOADED))

    def _attach(self, attach: driver.Attach) -> None:
        if self._load is None or attach.service in self._defaults:
            raise BreachError("attach: expected it after Load, once for a service")
        if self._tag and not self._load.shared:
            raise BreachError("attach: expected one, found a second")
        if not self._tag:
            self._tag = attach.service
            self._rename(f"{self._load.server_name} {self._tag:#x}")
        if not self._load.shared:
            self._queue.service = attach.service
            self._defaults[attach.service] = self._queue
            self._queue.run("attach", lambda: self._make_only(attach))
            return
        inbox = self._connection.inbox_of(attach.service)
        name = f"{driver.DEFAULT} of {attach.service:#x}"
        queue = DefaultQueue(self._connection, inbox, name, attach.service)
        self._watcher.watch(queue)
        self._defaults[attach.service] = queue
        serve = functools.partial(self._serve, attach, queue)
        try:
            threading.Thread(target=serve, name=name, daemon=True).start()
        except RuntimeError:  # none is left: its Start will fail, and the others run on
            self._gone(attach.service)

    def _make_only(self, attach: driver.Attach) -> None:
        self._only = self._make(attach, self._queue)

    def _serve(self, attach: driver.Attach, queue: DefaultQueue) -> None:
        """The life of a service's thread, in a process that is shared."""
        made: list[Callable[[Incoming], None]] = []

        def make() -> None:
            there = self._class(attach) is not None
            handle = self._make(attach, queue).handle if there else None
            made.append(handle or functools.partial(self._refuse, attach))

        def handle(packet: Incoming) -> None:
            made[0](packet)

        queue.post("attach", make)
        queue.serve(handle, self.die)

    def _refuse(self, attach: driver.Attach, packet: Incoming) -> None:
        """Answer the Start of a service that there is no class for; the others have theirs."""
        self._gone(attach.service)
        if isinstance(packet, driver.Call):
            text = self._no_class(attach)[:TEXT]
            self._connection.send(driver.Fail(packet.number, IOReturn.NOT_FOUND, text))

    def _make(self, attach: driver.Attach, queue: DefaultQueue) -> Instance:
        cls = self._class(attach)
        if cls is None:
            raise TypeError(self._no_class(attach))
        gone = functools.partial(self._gone, attach.service)
        made = Instance(attach, cls, self._connection, queue, gone, die=self.die)
        self._instances[attach.service] = made
        return made

    def _class(self, attach: driver.Attach) -> type[IOService] | None:
        """The driver's class; None where the bundle has none of that name."""
        cls = getattr(self._module, attach.user_class, None)
        return cls if isinstance(cls, type) and issubclass(cls, IOService) else None

    def _no_class(self, attach: driver.Attach) -> str:
        assert self._load is not None
        found = getattr(self._module, attach.user_class, None)
        return (
            f"{self._load.executable}: expected a subclass of IOService named "
            f"{attach.user_class}, found "
            f"{'nothing' if found is None else 'another ' + type(found).__name__}"
        )

    def _gone(self, service: int, goodbye: bool = False) -> None:
        """A service is over: its provider is let go, and its queues end."""
        self._connection.close(service, goodbye=goodbye)
        self._instances.pop(service, None)
        self._only = None
        for queue in tuple(self._queues):
            if queue.service == service:
                queue.Cancel()
        default = self._defaults.pop(service)
        if default is not self._queue:
            self._watcher.unwatch(default)
            default.end()

    def _queue_over(self, queue: ThreadQueue) -> None:
        self._queues.remove(queue)
        self._watcher.unwatch(queue)

    def _end(self, error: str, frames: tuple[str, ...]) -> NoReturn:
        self._watcher.drain(_DRAIN_S)
        service = current_service() if error else 0
        self._connection.send(driver.Goodbye(error, frames, service))
        os._exit(1 if error else 0)

    # --- the SDK's process -----------------------------------------------------------------

    def create_queue(self, name: str, *, reentrant: bool) -> IODispatchQueue:
        """See `Process.create_queue`."""
        queue = ThreadQueue(
            name[:NAME],
            self.die,
            self._queue_over,
            reentrant=reentrant,
            service=current_service(),
        )
        self._queues.append(queue)
        self._watcher.watch(queue)
        return queue

    def default_queue(self) -> IODispatchQueue:
        """See `Process.default_queue`."""
        return self._defaults.get(current_service(), self._queue)

    def current_transport(self) -> Instance | None:
        """See `Process.current_transport`."""
        return self._instances.get(current_service())

    def sources(self) -> Sources:
        """See `Process.sources`."""
        if self._sources is None:
            self._sources = Sources(self.die)
        return self._sources

    def allocate(self, size: int) -> SharedMemory:
        """See `Process.allocate`."""
        return SharedMemory.create(size)

    def adopt(self, descriptor: int) -> SharedMemory:
        """See `Process.adopt`."""
        return SharedMemory.adopt(descriptor)

    def join(self, ranges: Sequence[tuple[int, int, int]]) -> JoinedMemory:
        """See `Process.join`."""
        return JoinedMemory(ranges)

    def create_data_queue(self, size: int) -> DataQueue:
        """See `Process.create_data_queue`."""
        return DataQueue.create(size)

    def log(self, text: str) -> None:
        """See `Process.log`."""
        self._watcher.log(text)


def _dereference_null() -> None:
    ctypes.string_at(0)
