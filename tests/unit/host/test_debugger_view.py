"""What a debugger sees of a process: every thread by a name of its own, and any variable."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.host import debugger_view as view
from runtime.wire import debugger, driver


class Hostile:
    """Whatever asks it for anything gets an exception."""

    def __repr__(self) -> str:
        raise ValueError("not for you")


@contextmanager
def waiting(*names: str) -> Iterator[None]:
    """Threads of these names."""
    gate = threading.Event()
    threads = [threading.Thread(target=gate.wait, name=name) for name in names]
    for thread in threads:
        thread.start()
    yield
    gate.set()
    for thread in threads:
        thread.join()


def test_the_stuck_thread_is_first_and_each_has_a_name_of_its_own() -> None:
    queues = (
        driver.QueuePulse("Late", "spin", 9_000_000, quiet_us=9_000_000),
        driver.QueuePulse("Calling", "ask", 20_000_000, calling=True, quiet_us=20_000_000),
    )
    frame = sys._getframe()
    with waiting("Calling", "Late", "a\nname", "a name", "x" * 999):
        found = view.threads(frame, driver.Pulse(queues))
        names = [thread.name for thread in found]
        assert found[0].name == "Late"
        assert found[0].callback == "spin"
        assert names[-1] == "Calling", "it waits for an answer"
        assert {"a name", "a name (2)"} <= set(names)
        assert len(set(names)) == len(names)
        (own,) = [thread for thread in found if thread.stopped]
        assert own.name == view.current()
        assert own.frames[0].function == frame.f_code.co_name
        assert all(view.frame_of(name, frame) is not None for name in names)
        told = debugger.View(found, own.name, 0, ())
        assert debugger.decode(debugger.encode(told).removeprefix(debugger.MARK).encode()) == told
    assert view.frame_of("nobody", frame) is None


def test_any_variable_is_shown_or_said_not_to_be() -> None:
    values: dict[object, object] = {
        "__name__": "left out",
        7: "no name",
        "bad": Hostile(),
        "long": "x" * 100_000,
        "half": "\ud800",
    }
    shown = {each.name: each for each in view.variables(values)}
    assert sorted(shown) == ["bad", "half", "long"]
    assert shown["bad"].kind == "Hostile"
    assert "Hostile" in shown["bad"].value
    assert len(shown["long"].value) <= 200
    debugger.encode(debugger.View((), "", 0, tuple(shown.values())))
    many = view.variables({f"v{number:03}": number for number in range(500)})
    assert len(many) == view.VARIABLES
