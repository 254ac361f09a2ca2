"""The runtime's own calls to a driver process: how many may wait for their reply."""

from typing import Any

from runtime.model.outcome import ExitHow
from runtime.supervisor.calls import Calls
from runtime.wire import codec, driver, limits
from runtime.wire.service import SetPowerState


class Process:
    """Takes every packet."""

    def __init__(self) -> None:
        self.ends: list[ExitHow] = []

    def send(self, message: driver.ToDriver) -> None: ...

    def kill(self, how: ExitHow, _detail: str) -> None:
        self.ends.append(how)


def test_a_driver_that_never_answers_is_killed_for_it() -> None:
    role: Any = (process := Process())
    calls = Calls(role)

    def ask() -> None:
        calls.ask(1, SetPowerState(1, 0), lambda: None, lambda _code, _text: None)

    for _ in range(limits.OUTSTANDING):
        ask()
    calls.replied(driver.Reply(1, codec.raw(None)))
    ask()
    assert process.ends == [], "one was answered"
    ask()
    assert process.ends == [ExitHow.HANG]
