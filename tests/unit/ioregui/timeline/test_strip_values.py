"""The timeline's pure parts: marks of every event, bursts, places on the axis."""

import itertools
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioregui.timeline import axis, marks
from ioregui.timeline.groups import BLOCK, BURST_NS, GROUPS, KEPT, Groups
from runtime.model import events
from runtime.model.events import Event
from runtime.model.outcome import Exit, ExitHow, Match, MatchStage

EXIT = Exit(ExitHow.SIGNAL, 11)
SAMPLES: list[events.Detail] = [
    events.Plugged("Mouse", "IOUSBHostDevice"),
    events.Unplugged("Mouse", "IOUSBHostDevice"),
    events.Bound("Mouse", "usbhid"),
    events.Bound("Mouse", ""),
    events.Matched(Match("P", "org.example", MatchStage.MATCHED, 90_000)),
    events.Launched("D", 7),
    events.Started("D", 7, 1500),
    events.Crashed("D", 7, EXIT),
    events.Restarting("D", 0),
    events.TakenAlong("D", 7, "E"),
    events.Quarantined("D", 5),
    events.Released("D"),
    events.Stopped("D", 7),
    events.ProfileChanged("org.example.profile", "Example", True, "root"),
    events.Hung("D", 7, "Default", "ReadComplete", 5000),
    events.Responded("D", 7),
    events.Requested(typing.cast("typing.Any", "r:1"), "D", "App"),
    events.Decided(typing.cast("typing.Any", "r:1"), "D", "denied", "ada"),
    events.Deactivated("e", "D", "ada"),
    events.Undone(typing.cast("typing.Any", "r:1"), "D", "denied", "ada"),
    events.Revoked("e", "D", "ada"),
    events.DeveloperMode(True, "ada"),
    events.Resynced("ENOBUFS", 1, 2, 3),
    events.Began("00", "0.1"),
    events.Noted("Something {odd}."),
]
MS = 1_000_000
SECOND = 1000 * MS


def plug(number: int, wall_ns: int) -> Event:
    return Event(number, wall_ns, events.Plugged("Mouse", "IOUSBHostDevice"))


def crash(number: int, wall_ns: int) -> Event:
    return Event(number, wall_ns, events.Crashed("D", 7, EXIT))


def test_samples_are_complete() -> None:
    assert {type(sample) for sample in SAMPLES} == set(typing.get_args(events.Detail))


@pytest.mark.parametrize("detail", SAMPLES, ids=lambda detail: type(detail).__name__)
def test_every_event_has_a_mark_and_a_sentence(detail: events.Detail) -> None:
    assert marks.mark(detail).word
    assert marks.sentence(detail)
    only_crashes = marks.mark(detail).shape is marks.Shape.CROSS
    assert only_crashes == isinstance(detail, events.Crashed)


def test_names_in_sentences_are_made_safe() -> None:
    said = marks.sentence(events.Plugged("a\u202eb\n<b>{x}", "C"))
    assert "ab <b>{x}" in said


def test_a_burst_is_one_mark_and_counts() -> None:
    groups = Groups()
    groups.append(plug(n, n * 10 * MS) for n in range(1, 21))
    assert len(groups.items) == 1
    assert groups.items[0].count == 20
    assert len(groups.items[0].events) == KEPT
    groups.append([plug(21, 200 * MS + BURST_NS)])
    assert len(groups.items) == 2


def test_crashes_never_merge() -> None:
    groups = Groups()
    groups.append(crash(n, n * MS) for n in range(1, 6))
    assert [group.count for group in groups.items] == [1] * 5


def test_old_marks_fall_out_in_blocks() -> None:
    groups = Groups()
    assert groups.append(crash(n, n) for n in range(GROUPS + BLOCK - 1)) == 0
    assert groups.append([crash(GROUPS + BLOCK, 1)]) == BLOCK
    assert len(groups.items) == GROUPS


@given(
    st.lists(st.tuples(st.integers(0, 10**13), st.booleans()), max_size=40),
    st.integers(0, 2000),
    st.integers(0, 45),
)
def test_marks_stand_in_order_and_apart(
    steps: list[tuple[int, bool]], right: int, last: int
) -> None:
    groups, now = Groups(), 0
    for number, (pause, is_crash) in enumerate(steps):
        now += pause
        groups.append([crash(number, now) if is_crash else plug(number, now)])
    placed = axis.place(groups.items, last, right, 10, lambda word: 7 * len(word))
    assert [one.group for one in placed] == sorted({one.group for one in placed})
    for one, following in itertools.pairwise(placed):
        assert one.group + 1 == following.group
        assert one.x + one.width + axis.SPACE <= following.x
    if placed:
        assert placed[0].x >= 10
        assert placed[-1].x + placed[-1].width <= right
        assert placed[-1].group == min(last, len(groups.items) - 1)


def test_longer_pauses_take_more_room_up_to_a_limit() -> None:
    seconds = [0, 1, 5, 60, 3600, 10**6]
    widths = [axis.pause_width(one * 1_000_000_000) for one in seconds]
    assert widths == sorted(widths)
    assert widths[0] == 0
    assert widths[-1] == axis.LONGEST


def test_places_and_moments_are_each_others() -> None:
    groups = Groups()
    groups.append(crash(at, at * 20 * SECOND) for at in range(1, 5))
    placed = axis.place(groups.items, 3, 600, 0, lambda text: 7 * len(text))
    now = 100 * SECOND
    assert axis.moment_at(groups.items, placed, -5, 600, now) == 20 * SECOND
    assert axis.moment_at(groups.items, placed, 600, 600, now) == now
    assert axis.moment_at(groups.items, placed, 900, 600, now) == now
    moments = [axis.moment_at(groups.items, placed, x, 600, now) for x in range(placed[0].x, 600)]
    assert moments == sorted(moments)
    for one, group in zip(placed, groups.items, strict=True):
        assert axis.moment_at(groups.items, placed, one.x, 600, now) == group.first_ns
        assert axis.place_of(groups.items, placed, group.first_ns, 600, now) in range(
            one.x, one.x + one.width + 1
        )
    middle = (placed[0].x + placed[0].width + placed[1].x) / 2
    assert axis.moment_at(groups.items, placed, middle, 600, now) == 30 * SECOND
    assert axis.place_of(groups.items, placed, 30 * SECOND, 600, now) == round(middle)
    assert axis.place_of(groups.items, placed, 0, 600, now) == placed[0].x
    assert axis.place_of(groups.items, [], 5, 600, now) == 600


def test_what_is_scrolled_out_at_the_right_is_not_now() -> None:
    groups = Groups()
    groups.append(crash(at, at * 20 * SECOND) for at in range(1, 5))
    placed = axis.place(groups.items, 1, 600, 0, lambda text: 7 * len(text))
    assert axis.moment_at(groups.items, placed, 599, 600, 100 * SECOND) <= 60 * SECOND
