"""Logs are bounded, rate limited and honest about both."""

from runtime.engine.logbook import KEPT, PAGE, Logbook
from runtime.model.identity import DriverId
from runtime.model.records import LogLine
from runtime.wire import limits
from runtime.wire.limits import LOG_LINES

SECOND = 1_000_000_000
DRIVER = DriverId(1)


class _Clock:
    def __init__(self) -> None:
        self.now = 100 * SECOND

    def __call__(self) -> int:
        return self.now


def _book() -> tuple[Logbook, _Clock, list[LogLine]]:
    clock, published = _Clock(), list[LogLine]()
    return Logbook(clock, published.append), clock, published


def test_lines_are_numbered_and_published() -> None:
    """From 1, without gaps."""
    book, _, published = _book()
    for text in ("a", "b"):
        book.add(DRIVER, 7, "log", text)
    assert [(line.number, line.text, line.pid) for line in published] == [(1, "a", 7), (2, "b", 7)]
    assert book.page(DRIVER, 0) == (tuple(published), 0)


def test_a_flood_is_cut_and_counted() -> None:
    """The count comes with the next line of another second, or when the log is settled."""
    book, clock, published = _book()
    for number in range(LOG_LINES + 25):
        book.add(DRIVER, 7, "log", str(number))
    assert len(published) == LOG_LINES
    book.settle()
    assert len(published) == LOG_LINES, "the second is not over"
    clock.now += SECOND
    book.settle()
    assert published[-1].text.startswith("25 lines dropped")
    assert published[-1].dropped == 25
    book.settle()
    assert len(published) == LOG_LINES + 1


def test_old_lines_go_and_are_counted() -> None:
    """A page says how many lines before it are gone."""
    book, clock, _ = _book()
    for number in range(KEPT + 10):
        clock.now += SECOND
        book.add(DRIVER, 7, "log", str(number))
    lines, dropped = book.page(DRIVER, 0)
    assert dropped == 10
    assert lines[0].text == "10"
    assert len(lines) == PAGE


def test_long_lines_are_cut() -> None:
    """No line is longer than the wire allows."""
    book, _, published = _book()
    book.add(DRIVER, 7, "output", "x" * (limits.TEXT + 1))
    assert len(published[0].text) == limits.TEXT


def test_unknown_drivers_have_no_lines() -> None:
    """Nothing, and nothing dropped."""
    book, _, _ = _book()
    assert book.page(DriverId(9), 0) == ((), 0)
