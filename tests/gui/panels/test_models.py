"""The panels' models through random changes, under Qt's model tester."""

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ioregui.drivers.log_model import BLOCK, LINES, LogModel
from ioregui.drivers.log_search import LogSearch
from ioregui.records.column import Column
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from ioregui.timeline import model as timeline
from ioregui.timeline.model import EventsModel
from runtime.model.events import Event, Plugged
from runtime.model.identity import DriverId
from runtime.model.records import LogLine

Pair = tuple[int, int]  # identity, value; sorted by value

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def key(pair: Pair) -> int:
    return pair[0]


def value(pair: Pair) -> int:
    return pair[1]


def text(pair: Pair) -> str:
    return str(pair[1])


def pairs_model() -> RecordModel[Pair]:
    return RecordModel([Column("Value", "A number.", text)], key, value)


def line(number: int, driver: int = 1, said: str = "hello") -> LogLine:
    return LogLine(DriverId(driver), number, number * 1_000_000, 7, "log", said)


def event(number: int) -> Event:
    return Event(number, number, Plugged("Mouse", "IOUSBHostDevice"))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(st.integers(0, 12), st.integers(0, 6), min_size=1), max_size=4))
def test_records_are_arranged_anew(qapp: QApplication, steps: list[dict[int, int]]) -> None:
    model = pairs_model()
    tester = QAbstractItemModelTester(model, FATAL)
    for step in steps:
        model.arrange(value)
        model.show(step.items())
        kept = QPersistentModelIndex(model.index(0, 0))
        first = model.record(0)
        model.arrange(lambda pair: -pair[1])
        shown = [model.record(row) for row in range(model.rowCount())]
        assert shown == sorted(step.items(), key=lambda pair: (-pair[1], pair[0]))
        assert model.record(kept.row()) == first
    tester.deleteLater()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.integers(0, 12), st.integers(0, 6), max_size=12), max_size=8))
def test_records_equal_a_sorted_list(qapp: QApplication, steps: list[dict[int, int]]) -> None:
    model = pairs_model()
    tester = QAbstractItemModelTester(model, FATAL)
    for step in steps:
        model.show(step.items())
        shown = [model.record(row) for row in range(model.rowCount())]
        assert shown == sorted(step.items(), key=lambda pair: (pair[1], pair[0]))
        assert [model.index(row, 0).data() for row in range(model.rowCount())] == [
            str(pair[1]) for pair in sorted(step.items(), key=lambda pair: (pair[1], pair[0]))
        ]
    tester.deleteLater()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.dictionaries(st.integers(0, 6), st.integers(0, 6), min_size=1), max_size=8),
    st.booleans(),
)
def test_selection_follows_the_record(
    qapp: QApplication, steps: list[dict[int, int]], selects_first: bool
) -> None:
    model = pairs_model()
    table: RecordTable[Pair] = RecordTable(model, "Pairs", selects_first=selects_first)
    table.show_records([(3, 3)])
    table.select_key(3)
    followed = True
    for step in steps:
        table.show_records(step.items())
        followed = followed and 3 in step
        if followed:
            assert table.selected == (3, step[3])
        elif not selects_first:
            assert table.selected is None
        else:
            assert table.selected is not None
    table.deleteLater()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.lists(st.integers(1, 60), max_size=30)),
        max_size=8,
    )
)
def test_log_is_in_order_each_number_once(
    qapp: QApplication, steps: list[tuple[bool, list[int]]]
) -> None:
    model = LogModel()
    tester = QAbstractItemModelTester(model, FATAL)
    search = LogSearch(model)
    search_tester = QAbstractItemModelTester(search, FATAL)
    search.setFilterFixedString("EVEN")
    for replace, numbers in steps:
        lines = [line(number, said=("even", "odd")[number % 2]) for number in numbers]
        if replace:
            model.load(lines)
        else:
            model.append(lines)
        shown = [one.number for one in model.lines]
        assert search.rowCount() == sum(number % 2 == 0 for number in shown)
        assert shown == sorted(set(shown))
        expected = set(range(shown[0], shown[-1] + 1)) - set(shown) if shown else set()
        assert model.missing() == len(expected)
    search_tester.deleteLater()
    tester.deleteLater()


def test_log_is_bounded_and_trimmed_in_blocks(qapp: QApplication) -> None:
    model = LogModel()
    tester = QAbstractItemModelTester(model, FATAL)
    model.append(line(number) for number in range(1, LINES + BLOCK))
    assert model.rowCount() == LINES + BLOCK - 1
    model.append([line(LINES + BLOCK)])
    assert model.rowCount() == LINES
    assert model.lines[0].number == BLOCK + 1
    tester.deleteLater()


def test_events_are_bounded(qapp: QApplication) -> None:
    model = EventsModel()
    tester = QAbstractItemModelTester(model, FATAL)
    model.load(event(number) for number in range(1, 50))
    for begin in range(50, timeline.ROWS + 3 * timeline.BLOCK, 777):
        model.append(event(number) for number in range(begin, begin + 777))
        assert model.rowCount() < timeline.ROWS + timeline.BLOCK
    last = model.rowCount() - 1
    newest = model.record(last)
    assert newest is not None
    assert model.row_of(newest.number) == last
    tester.deleteLater()


def test_log_cells_are_plain(qtbot: QtBot) -> None:
    model = LogModel()
    model.load([line(1, said="a\u202eb\x1b[31m<b>\n2")])
    assert model.index(0, 2).data() == "ab[31m<b> 2"
    assert model.headerData(2, Qt.Orientation.Horizontal) == "Text"
