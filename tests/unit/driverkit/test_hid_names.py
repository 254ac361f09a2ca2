"""HIDDriverKit's classes have the methods that Apple's documentation names.

Source: IOHIDFamily, HIDDriverKit/*.iig; what is missing is named here with its reason.
"""

import pytest

from runtime import driverkit

NAMES = {
    "IOHIDInterface": (
        "ReportAvailable AddReportToPool Open Close SetReport GetReport processReport getElements "
        "commitElements"
    ),
    "IOUserHIDDevice": (
        "handleStart newDeviceDescription newReportDescriptor handleReport getReport setReport "
        "CompleteReport setProperty"
    ),
    "IOHIDEventService": (
        "Start Stop dispatchKeyboardEvent dispatchRelativePointerEvent "
        "dispatchAbsolutePointerEvent dispatchRelativeScrollWheelEvent "
        "dispatchDigitizerStylusEvent dispatchDigitizerTouchEvent SetLED SetLEDState SetProperties"
    ),
    "IOUserHIDEventService": "Start Stop handleStart conformsTo handleReport getElements",
}
ABSENT = {
    "dispatchEvent": "takes an IOHIDEvent, which Apple does not document",
    "handleCopyMatchingEvent": "gives such an event",
    "createReportPool": "is private: AddReportToPool is the public one",
}


@pytest.mark.parametrize("name", NAMES)
def test_it_has_every_method(name: str) -> None:
    cls = getattr(driverkit, name)
    assert [method for method in NAMES[name].split() if not hasattr(cls, method)] == []


def test_what_is_absent_is_absent() -> None:
    """Else it belongs into the list above."""
    for name in ABSENT:
        assert not any(hasattr(getattr(driverkit, cls), name) for cls in NAMES)
