"""The reports of an event service's keyboard and pointer are those of its descriptor."""

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.driverkit.hid_elements import IOHIDElement, make_elements
from runtime.model import hid_events
from runtime.model.hid import ReportType
from runtime.model.report_descriptor import report_bytes

KEYS = st.sets(st.integers(hid_events.FIRST_KEY, hid_events.LAST_KEY))


def say(report: bytes, descriptor: bytes = hid_events.EVENT_DESCRIPTOR) -> list[IOHIDElement]:
    """The elements of the input report, after it was said."""

    def refuse(elements: list[IOHIDElement], direction: int) -> None:
        raise AssertionError

    kind, number = ReportType.INPUT, report[0]
    assert len(report) == report_bytes(descriptor)[kind, number]
    said = [each for each in make_elements(descriptor, refuse) if each.report.key == (kind, number)]
    said[0].report.take(report, 1)
    assert said[0].report.data == report
    return said


@settings(max_examples=30)
@given(KEYS)
def test_every_key_has_its_bit(keys: set[int]) -> None:
    down = {each.getUsage() for each in say(hid_events.keyboard(keys)) if each.getValue()}
    assert down == keys


@settings(max_examples=30)
@given(*[st.integers(-(1 << 20), 1 << 20)] * 5)
def test_the_pointer_goes_as_far_as_it_can(
    buttons: int, right: int, down: int, wheel: int, aside: int
) -> None:
    values = [
        each.getValue() for each in say(hid_events.pointer(buttons, right, down, wheel, aside))
    ]
    assert values[:8] == [buttons >> bit & 1 for bit in range(8)]
    assert values[8:10] == [max(-32767, min(32767, far)) for far in (right, down)]
    assert values[10:] == [max(-127, min(127, far)) for far in (wheel, aside)]


@settings(max_examples=30)
@given(st.sets(st.integers(1, hid_events.LAST_CONSUMER), max_size=hid_events.CONSUMER_KEYS))
def test_consumer_keys(keys: set[int]) -> None:
    down = {each.getUsage() for each in say(hid_events.consumer(keys)) if each.getValue()}
    assert down - {0} == keys


PLACES = st.integers(-10, hid_events.FARTHEST + 10)


def _edge(far: int) -> int:
    return max(0, min(hid_events.FARTHEST, far))


@settings(max_examples=30)
@given(st.builds(hid_events.Pen, PLACES, PLACES, PLACES))
def test_a_stylus_is_on_its_digitizer(pen: hid_events.Pen) -> None:
    values = [
        each.getValue() for each in say(hid_events.stylus(pen), hid_events.DIGITIZER_DESCRIPTOR)
    ]
    assert values[:5] == [pen.tip, pen.barrel, pen.inverted, pen.eraser, pen.in_range]
    assert values[5:8] == [_edge(far) for far in (pen.right, pen.down, pen.pressure)]
    assert values[8:] == [max(-90, min(90, tilt)) for tilt in (pen.tilt_right, pen.tilt_down)]


FINGERS = st.builds(hid_events.Finger, st.integers(0, 255), PLACES, PLACES, touches=st.booleans())


@settings(max_examples=30)
@given(st.lists(FINGERS, max_size=hid_events.FINGERS))
def test_every_finger_is_told(fingers: list[hid_events.Finger]) -> None:
    *each, count = [
        element.getValue()
        for element in say(hid_events.touch(fingers), hid_events.DIGITIZER_DESCRIPTOR)
    ]
    assert count == len(fingers)
    for number, finger in enumerate(fingers):
        told = each[6 * number : 6 * number + 6]
        flags = [finger.touches, finger.in_range, finger.meant]
        assert told == [*flags, finger.contact, _edge(finger.right), _edge(finger.down)]
    assert not any(each[6 * len(fingers) :])


def test_a_pointer_that_is_somewhere() -> None:
    values = [
        each.getValue() for each in say(hid_events.place(5, 7, 9), hid_events.DIGITIZER_DESCRIPTOR)
    ]
    assert values == [1, 0, 1, 0, 0, 0, 0, 0, 7, 9]
