"""What pens and fingers do on a digitizer, as event services dispatch it.

Coordinates and pressure are IOFixed from 0 to 1, tilt is IOFixed in degrees.
Source: HIDDriverKit's IOHIDEventServiceTypes.h.
Invariant: values only.
"""

# ruff: noqa: N815 - the fields have DriverKit's names
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.model.hid_events import FARTHEST, Finger, Pen

FIXED = 1 << 16


@dataclass(frozen=True)
class IOHIDDigitizerStylusData:
    """A stylus. Linux's input layer does not carry twist, barrel pressure and vendors' kinds."""

    identifier: int = 0
    x: int = 0
    y: int = 0
    tipPressure: int = 0
    barrelPressure: int = 0
    tiltX: int = 0
    tiltY: int = 0
    twist: int = 0
    pointerType: int = 0
    effect: int = 0
    uniqueID: int = 0
    inRange: bool = False
    tip: bool = False
    barrelSwitch: bool = False
    invert: bool = False
    eraser: bool = False
    tipChanged: bool = False
    positionChanged: bool = False
    rangeChanged: bool = False


@dataclass(frozen=True)
class IOHIDDigitizerTouchData:
    """A finger; `identifier` is the same while it is there."""

    identifier: int = 0
    x: int = 0
    y: int = 0
    inRange: bool = False
    touch: bool = False
    touchValid: bool = True
    touchChanged: bool = False
    positionChanged: bool = False
    rangeChanged: bool = False


def place_of(part: int) -> int:
    """An IOFixed from 0 to 1 as a place on the digitizer."""
    return part * FARTHEST // FIXED


def pen_of(data: IOHIDDigitizerStylusData) -> Pen:
    """A stylus as the published device says it."""
    return Pen(
        right=place_of(data.x),
        down=place_of(data.y),
        pressure=place_of(data.tipPressure),
        tilt_right=data.tiltX // FIXED,
        tilt_down=data.tiltY // FIXED,
        tip=data.tip,
        barrel=data.barrelSwitch,
        inverted=data.invert,
        eraser=data.eraser,
        in_range=data.inRange,
    )


def fingers_of(touches: Sequence[IOHIDDigitizerTouchData]) -> list[Finger]:
    """Fingers as the published device says them."""
    return [
        Finger(
            each.identifier,
            place_of(each.x),
            place_of(each.y),
            each.touch,
            each.inRange,
            each.touchValid,
        )
        for each in touches
    ]
