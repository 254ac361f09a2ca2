"""One driver in its process: loaded, started, given its completions, stopped.

It is also the SDK's transport. Everything here but `log`, `call` and `create_queue` runs on
the Default queue.
Invariant: every call of the runtime is answered once, or the process ends with an epitaph.
"""

import ctypes
import functools
import importlib
import itertools
import os
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple, NoReturn

import msgspec

from runtime.driverkit import hid, usb
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.object import OSObject
from runtime.driverkit.service import Entry, IOService
from runtime.host.activity import Activity
from runtime.host.connection import Connection, Incoming, ProviderLost
from runtime.host.loader import install
from runtime.host.queues import DefaultQueue
from runtime.host.sources import Sources
from runtime.host.thread_queue import ThreadQueue
from runtime.host.watcher import Watcher
from runtime.linux import memfd
from runtime.model import archive, properties
from runtime.model.errors import BreachError
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Stage
from runtime.wire import codec, driver, methods
from runtime.wire.limits import FRAMES, NAME, TEXT

_PROVIDERS = usb.PROVIDERS | hid.PROVIDERS
_DRAIN_S = 0.5  # for the last log lines of an orderly end


class _Expected(NamedTuple):
    """An asynchronous I/O that has not ended."""

    name: str
    queue: IODispatchQueue
    done: Callable[[methods.Completion], None]


class Driver:
    """The driver process's one service and its provider."""

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
        self._numbers = itertools.count(1)
        self._expected: dict[int, _Expected] = {}
        self._sources: Sources | None = None
        self._load: driver.Load | None = None
        self._class: type[IOService] | None = None
        self._service: IOService | None = None
        self._provider: IOService | None = None
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
                self._queue.run("attach", lambda: self._attach(packet))
            case driver.Call(number=number, method=methods.Start()):
                self._start(number)
            case driver.Call(number=number, method=methods.Stop()):
                self._stop(number)
            case driver.Complete():
                self._complete(packet)
            case ProviderLost():
                self._provider_lost()
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
        bundle = self._connection.take_descriptor()
        files = archive.unpack(memfd.read_sealed(bundle))
        os.close(bundle)
        install(files, f"{load.bundle_id}.dext")
        module = importlib.import_module(load.executable)
        cls = getattr(module, load.user_class, None)
        if not (isinstance(cls, type) and issubclass(cls, IOService)):
            raise TypeError(
                f"{load.executable}: expected a subclass of IOService named {load.user_class}, "
                f"found {'nothing' if cls is None else 'another ' + type(cls).__name__}"
            )
        self._class = cls
        chain = [base.__name__[:NAME] for base in cls.__mro__ if issubclass(base, OSObject)]
        self._connection.send(driver.Staged(Stage.LOADED, classes=tuple(chain)))

    def _attach(self, attach: driver.Attach) -> None:
        if self._load is None or self._class is None or self._service is not None:
            raise BreachError("attach: expected it once, after Load")
        self._connection.use_provider(self._connection.take_descriptor())
        self._rename(f"{self._load.server_name} {attach.service:#x}")
        kind = _PROVIDERS.get(attach.provider_class, IOService)
        table = properties.decode(attach.provider_properties)
        self._provider = kind(Entry(attach.provider, attach.provider_name, table))
        own = properties.decode(attach.properties)
        entry = Entry(attach.service, self._load.user_class, own, self._provider)
        self._service = self._class(entry)

    def _start(self, number: int) -> None:
        service, provider = self._loaded()
        try:
            self._queue.run("init", lambda: _init(service))
            self._queue.run("Start", lambda: service.Start(provider))
        except IOReturnError as error:
            self._connection.send(driver.Fail(number, error.code, error.text[:TEXT]))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._connection.send(driver.Fail(number, IOReturn.ERROR, text[:TEXT]))
            raise
        else:
            self._connection.send(driver.Reply(number, codec.raw(None)))

    def _stop(self, number: int) -> None:
        service, provider = self._loaded()
        self._queue.run("Stop", lambda: service.Stop(provider))
        self._queue.run("free", service.free)
        self._connection.send(driver.Reply(number, codec.raw(None)))
        self._end("", ())

    def _complete(self, packet: driver.Complete) -> None:
        expected = self._expected.pop(packet.action, None)
        if expected is None:
            raise BreachError(f"completion: expected one of an open I/O, found {packet.action}")
        self._dispatch(expected, packet.completion)

    def _provider_lost(self) -> None:
        """Every I/O that is open ends, in the order in which it was queued."""
        while self._expected:
            expected = self._expected.pop(next(iter(self._expected)))
            end = methods.CompleteAsyncIO(IOReturn.OFFLINE, 0, time.monotonic_ns())
            self._dispatch(expected, end)

    def _dispatch(self, expected: "_Expected", completion: methods.Completion) -> None:
        work = functools.partial(expected.done, completion)
        if expected.queue is self._queue:
            self._queue.run(expected.name, work)
        else:
            expected.queue.post(expected.name, work)

    def _loaded(self) -> tuple[IOService, IOService]:
        if self._service is None or self._provider is None:
            raise BreachError("call: expected Load and Attach before it")
        return self._service, self._provider

    def _end(self, error: str, frames: tuple[str, ...]) -> NoReturn:
        self._watcher.drain(_DRAIN_S)
        self._connection.send(driver.Goodbye(error, frames))
        os._exit(1 if error else 0)

    # --- the SDK's transport ---------------------------------------------------------------

    def call(self, target: int, method: methods.Method) -> msgspec.Raw:
        """See `Transport.call`."""
        activity = Activity.current()
        if activity is None:
            return self._connection.call(target, method)
        with activity.calling():
            return self._connection.call(target, method)

    def expect(
        self, name: str, queue: IODispatchQueue, done: Callable[[methods.Completion], None]
    ) -> int:
        """See `Transport.expect`."""
        number = next(self._numbers)
        self._expected[number] = _Expected(name, queue, done)
        return number

    def forget(self, number: int) -> None:
        """See `Transport.forget`."""
        self._expected.pop(number, None)

    def create_queue(self, name: str, *, reentrant: bool) -> IODispatchQueue:
        """See `Transport.create_queue`."""
        queue = ThreadQueue(name[:NAME], self.die, self._watcher.unwatch, reentrant=reentrant)
        self._watcher.watch(queue)
        return queue

    def default_queue(self) -> IODispatchQueue:
        """See `Transport.default_queue`."""
        return self._queue

    def sources(self) -> Sources:
        """See `Transport.sources`."""
        if self._sources is None:
            self._sources = Sources(self.die)
        return self._sources

    def log(self, text: str) -> None:
        """See `Transport.log`."""
        self._watcher.log(text)


def _init(service: IOService) -> None:
    if not service.init():
        raise IOReturnError(IOReturn.ERROR, f"{type(service).__name__}.init returned False")


def _dereference_null() -> None:
    ctypes.string_at(0)
