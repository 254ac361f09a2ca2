"""Where `ioreg` gets a registry from: the running runtime, its past, this machine, or a file.

Invariant: reads only; what of a file could not be read is told to the user, once.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from runtime.commands.plaintext import plain
from runtime.interchange.planes import planes_of
from runtime.interchange.registry_file import Warnings
from runtime.linux import places
from runtime.model.entry import Entry
from runtime.model.errors import BreachError, ProblemError, UnavailableError
from runtime.model.identity import SERVICE_PLANE
from runtime.model.records import Driver
from runtime.query import moments
from runtime.query.moments import NoMomentError

if TYPE_CHECKING:
    from runtime.wire.history import Moment

NOW = "now"
"""Instead of a file's name: the registry as it is."""

SNAPSHOT_SECONDS = 30.0


class Source(msgspec.Struct, frozen=True):
    """A registry: entries of all planes, parents first; the first plane is shown by default."""

    form: str
    entries: Sequence[Entry]
    planes: tuple[str, ...]
    warnings: Warnings
    host: str = ""
    history: Sequence[Sequence[bytes]] = ()
    drivers: tuple[Driver, ...] = ()  # of a runtime, now or as they were


def opened(name: str) -> Source:
    """The registry of a file; where no file is called so, as it is for `NOW`, or as it was.

    Raises:
        ProblemError: The file cannot be read, or history does not reach back so far.
        UnavailableError: No runtime is there to say how it was.
    """
    if not os.path.exists(name):  # noqa: PTH110 - a name of any length is none, not an error
        if name == NOW:
            return present()
        with suppress(NoMomentError):
            return past(name)
    from runtime.reader.load import open_registry  # noqa: PLC0415 - 20 ms that only files need

    file = open_registry(Path(name))
    if file.warnings.count:
        what = "place" if file.warnings.count == 1 else "places"
        sys.stderr.write(
            f"ioreg: warning: {plain(name)}: {file.warnings.count} {what} could not be read, the "
            f"first: {plain(file.warnings.first[0])}\n"
        )
    planes = file.planes
    if SERVICE_PLANE in planes:
        planes = tuple(dict.fromkeys((SERVICE_PLANE, *planes)))
    planes = planes or (SERVICE_PLANE,)
    return Source(file.format, file.entries, planes, file.warnings, file.host, file.history)


def present() -> Source:
    """The registry of the running runtime, else of the machine itself."""
    entries, drivers = _entries()
    host = socket.gethostname()
    return Source("live", entries, planes_of(entries), Warnings(), host, drivers=tuple(drivers))


def past(when: str, source: str = NOW) -> Source:
    """The registry as it was, from a running runtime or from a recording.

    Raises:
        NoMomentError: The text names no moment.
        ProblemError: ``not-found``: history does not reach back so far.
        UnavailableError: No runtime is there.
    """
    from runtime.client import past as history  # noqa: PLC0415 - only the past needs it
    from runtime.client.blocking import connect  # noqa: PLC0415

    at_ms = milliseconds(when)
    if source != NOW or Path(NOW).exists():
        return _recorded(at_ms, source)
    with connect("ioreg") as runtime:
        moment = history.moment(runtime, at_ms)
    return _as_it_was(moment, Warnings(), socket.gethostname())


def milliseconds(moment: str) -> int:
    """The moment that a text names, in milliseconds since 1970.

    Raises:
        NoMomentError: It names none.
    """
    return moments.milliseconds(moments.parse(moment, datetime.now().astimezone()))


def _recorded(at_ms: int, name: str) -> Source:
    from runtime.interchange.recorded import Past  # noqa: PLC0415 - only here

    file = opened(name)
    try:
        moment = Past(file.history).moment(at_ms)
    except ProblemError as error:
        raise ProblemError(error.code, f"{name}: {error}") from None
    except BreachError as error:
        raise BreachError(f"{name}: {error}") from None
    return _as_it_was(moment, file.warnings, file.host)


def _as_it_was(moment: "Moment", warnings: Warnings, host: str) -> Source:
    """A moment as a source; where it was thinned, the user is told."""
    if moment.values_ms:
        then = datetime.fromtimestamp(moment.values_ms // 1000).astimezone()
        sys.stderr.write(
            "ioreg: warning: of that time only what came and went is kept; "
            f"values are those of {then.isoformat()}\n"
        )
    entries = moment.ordered()
    drivers = tuple(moment.drivers.values())
    return Source("history", entries, planes_of(entries), warnings, host, drivers=drivers)


def plane_of(source: Source, wanted: str) -> str:
    """The plane to show: the one that is asked for, else the first.

    Raises:
        UnavailableError: The registry has no such plane.
    """
    if not wanted:
        return source.planes[0]
    if wanted not in source.planes:
        known = ", ".join(source.planes)
        raise UnavailableError(
            f"plane {wanted!r}: expected one of this registry ({known}), found no such plane"
        )
    return wanted


def _entries() -> tuple[list[Entry], list[Driver]]:
    sockets = (places.socket_path(), places.SYSTEM_SOCKET)
    found = _runtimes_entries() if any(path.exists() for path in sockets) else None
    return (_own_entries(), []) if found is None else found


def _runtimes_entries() -> tuple[list[Entry], list[Driver]] | None:
    """What the running runtime has; None where none answers."""
    from runtime.client.blocking import connect  # noqa: PLC0415 - 20 ms without a runtime
    from runtime.wire import client as wire  # noqa: PLC0415
    from runtime.wire.commands.registry import Subscribe, Topic  # noqa: PLC0415

    try:
        connection = connect("ioreg")
    except UnavailableError:
        return None
    entries: list[Entry] = []
    drivers: list[Driver] = []
    with connection:
        connection.call(Subscribe(topics=(Topic.ENTRIES, Topic.DRIVERS)))
        for message in connection.messages(SNAPSHOT_SECONDS):
            if isinstance(message, wire.SnapshotBegin):
                entries.clear()
                drivers.clear()
            elif isinstance(message, wire.Part):
                entries.extend(message.entries)
                drivers.extend(message.drivers)
            elif isinstance(message, wire.SnapshotEnd):
                break
    return entries, drivers


def _own_entries() -> list[Entry]:
    from runtime.linux import udev  # noqa: PLC0415 - loads libudev, which a runtime spares us
    from runtime.linux.model_name import model_name  # noqa: PLC0415
    from runtime.registry.machine import Machine  # noqa: PLC0415
    from runtime.registry.tree import Registry  # noqa: PLC0415

    registry = Registry(time.monotonic_ns, lambda _change: None)
    Machine(registry, lambda *_event: None, model_name()).load(udev.enumerate_devices())
    return list(registry.walk())
