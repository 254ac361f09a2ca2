"""The order that a session holds its peer to."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from runtime.model.errors import BreachError
from runtime.wire import client, codec, driver, limits, session
from runtime.wire.commands.registry import GetRecords
from runtime.wire.session import Phase, Session

CLIENT_HELLO = client.Hello(limits.CLIENT_VERSION, "ioreg")
DRIVER_HELLO = driver.Hello(limits.DRIVER_VERSION)


class Side(NamedTuple):
    """One side of one protocol, and what its peer may send."""

    make: Callable[[], Session[Any, Any]]
    hello: msgspec.Struct
    message: msgspec.Struct
    goodbye: msgspec.Struct


SIDES = [
    Side(
        session.runtime_of_client,
        CLIENT_HELLO,
        client.Ask(1, GetRecords()),
        client.Goodbye(),
    ),
    Side(session.client_of_runtime, CLIENT_HELLO, client.SnapshotEnd(), client.Goodbye()),
    Side(session.runtime_of_driver, DRIVER_HELLO, driver.Fail(1, 2), driver.Goodbye()),
    Side(session.driver_of_runtime, DRIVER_HELLO, driver.CrashYourself(), driver.Goodbye()),
    Side(session.runtime_of_watcher, DRIVER_HELLO, driver.Log("line"), driver.Goodbye()),
    Side(session.watcher_of_runtime, DRIVER_HELLO, driver.AskPulse(), driver.Goodbye()),
]
every_side = pytest.mark.parametrize("side", SIDES, ids=[side.make.__name__ for side in SIDES])


@every_side
def test_hello_messages_goodbye(side: Side) -> None:
    ours = side.make()
    phases = [ours.phase]
    for sent in (side.hello, side.message, side.goodbye):
        assert ours.receive(codec.encode(sent)) == sent
        phases.append(ours.phase)
    assert phases == [Phase.GREETING, Phase.OPEN, Phase.OPEN, Phase.CLOSED]


@every_side
def test_nothing_comes_before_hello(side: Side) -> None:
    for early in (side.message, side.goodbye):
        with pytest.raises(BreachError, match="expected Hello first"):
            side.make().receive(codec.encode(early))


@every_side
def test_a_second_hello_is_a_breach(side: Side) -> None:
    ours = side.make()
    ours.receive(codec.encode(side.hello))
    with pytest.raises(BreachError, match="found a second"):
        ours.receive(codec.encode(side.hello))


@every_side
def test_nothing_follows_a_goodbye(side: Side) -> None:
    ours = side.make()
    ours.receive(codec.encode(side.hello))
    ours.receive(codec.encode(side.goodbye))
    for late in (side.hello, side.message, side.goodbye):
        with pytest.raises(BreachError, match="after a goodbye"):
            ours.receive(codec.encode(late))


def test_another_version_is_refused_by_its_number() -> None:
    hello = client.Hello(limits.CLIENT_VERSION + 1, "window")
    with pytest.raises(BreachError, match=f"found {limits.CLIENT_VERSION + 1}"):
        session.runtime_of_client().receive(codec.encode(hello))


def test_the_peers_name_is_kept_for_the_log() -> None:
    side = session.runtime_of_client()
    side.receive(codec.encode(CLIENT_HELLO))
    assert side.peer == "ioreg"
