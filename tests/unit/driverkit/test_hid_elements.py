"""Elements of report descriptors: types, rows, arrays, and what is set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.driverkit import (
    IOReturnError,
    kIOHIDElementTypeFeature,
    kIOHIDElementTypeInput_Axis,
    kIOHIDElementTypeInput_Button,
    kIOHIDElementTypeInput_Misc,
    kIOHIDElementTypeInput_ScanCodes,
    kIOHIDElementTypeOutput,
)
from runtime.driverkit.hid_elements import MOST_ELEMENTS, IOHIDElement, make_elements
from runtime.model.hid import ReportType

DESCRIPTOR = bytes.fromhex(
    "0501 0902 a101 8501"
    "0509 1901 2903 1500 2501 7501 9503 8102 7505 9501 8103"  # three buttons, five bits of nothing
    "0501 0930 0931 1581 257f 7508 9502 8106"  # X and Y
    "0507 1500 2565 1900 2965 9503 8100"  # three keys at once
    "0600ff 0920 1500 26ff00 9504 9102 0921 9502 b102 c0"  # rows: output of four, feature of two
)


def refuse(elements: list[IOHIDElement], direction: int) -> None:
    """Nothing is moved here."""
    raise AssertionError(elements, direction)


def elements() -> list[IOHIDElement]:
    """The elements of the descriptor."""
    return make_elements(DESCRIPTOR, refuse)


def test_what_each_is() -> None:
    made = elements()
    kinds = [each.getType() for each in made]
    assert kinds[:5] == [kIOHIDElementTypeInput_Button] * 3 + [kIOHIDElementTypeInput_Axis] * 2
    assert kinds[5:-2] == [kIOHIDElementTypeInput_ScanCodes] * 0x66
    assert kinds[-2:] == [kIOHIDElementTypeOutput, kIOHIDElementTypeFeature]
    assert [each.getReportCount() for each in made[-3:]] == [3, 4, 2]
    assert {each.getReportID() for each in made} == {1}
    assert made[3].conformsTo(0x01, 0x30)
    assert (made[3].getLogicalMin(), made[3].getLogicalMax()) == (-127, 127)
    assert kIOHIDElementTypeInput_Misc not in kinds


def test_an_input_report_sets_its_values() -> None:
    made = elements()
    made[0].report.take(bytes([1, 0b101, 0xFB, 7, 4, 0, 6]), 42)
    assert [each.getValue() for each in made[:5]] == [1, 0, 1, -5, 7]
    assert [each.getUsage() for each in made[5:-2] if each.getValue()] == [0, 4, 6]
    assert made[0].getTimeStamp() == 42
    assert made[-1].getTimeStamp() == 0, "another report"


def test_a_row_is_set_and_read_as_bytes() -> None:
    output = elements()[-2]
    output.setValue(0x1FF)
    assert output.getDataValue() == b"\xff\0\0\0"
    assert output.report.key == (ReportType.OUTPUT, 1)
    assert output.report.data == b"\x01\xff\0\0\0"
    with pytest.raises(IOReturnError):
        elements()[6].setValue(1)


@given(st.binary(max_size=300), st.binary(max_size=64))
def test_any_descriptor_and_report(descriptor: bytes, report: bytes) -> None:
    made = make_elements(descriptor, refuse)
    assert len(made) <= MOST_ELEMENTS
    for each in made[:64]:
        each.report.take(report, 1)
        low = -(1 << each.getReportSize()) if each.getLogicalMin() < 0 else 0
        assert low <= each.getValue() < max(2, 1 << each.getReportSize())
        assert len(each.report.data) == each.report.length
