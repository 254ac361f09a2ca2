"""Every event has a sentence; states and exits have their words."""

import typing

import pytest

from runtime.model import events, words
from runtime.model.classes import chain, conforms
from runtime.model.entry import Entry, Holder, State
from runtime.model.identity import EntryId, RequestId
from runtime.model.outcome import Exit, ExitHow, Match, MatchStage

ALL = [
    (events.Plugged("Key", "IOUSBHostDevice"), "Key (IOUSBHostDevice) appeared"),
    (events.Unplugged("Key", "IOUSBHostDevice"), "Key (IOUSBHostDevice) went"),
    (events.Bound("Key", "usbhid"), "kernel driver usbhid took Key"),
    (events.Bound("Key", ""), "Key has no kernel driver any more"),
    (
        events.Matched(Match("P", "com.acme", MatchStage.MATCHED, 90000)),
        "P of com.acme matched with score 90000",
    ),
    (events.Launched("My", 7), "My was launched as pid 7"),
    (events.Started("My", 7, 1500), "My (pid 7) started after 1.5 ms"),
    (
        events.Crashed("My", 7, Exit(ExitHow.SIGNAL, 11, "null dereference")),
        "My (pid 7) crashed: SIGSEGV (null dereference)",
    ),
    (
        events.TakenAlong("My", 7, "Its"),
        "My (pid 7) ended with Its, which shares its process, and is started again",
    ),
    (events.Restarting("My", 0), "My is started again at once"),
    (events.Restarting("My", 200), "My is started again in 200 ms"),
    (
        events.Quarantined("My", 5),
        "My crashed 5 times and is in quarantine until somebody releases it",
    ),
    (
        events.Quarantined("My", 0, "by ada, until somebody releases it"),
        "My is in quarantine by ada, until somebody releases it",
    ),
    (events.Released("My"), "My was released from quarantine"),
    (events.Stopped("My", 7), "My (pid 7) stopped"),
    (
        events.Hung("My", 7, "Default", "ReadComplete", 5000),
        "My (pid 7) does not respond: ReadComplete on queue Default has run for 5000 ms",
    ),
    (events.Responded("My", 7), "My (pid 7) responds again"),
    (events.Requested(RequestId("r"), "My", "Sample"), "Sample asks to activate My"),
    (
        events.Decided(RequestId("r"), "My", "denied", "root"),
        "request for My: denied by root",
    ),
    (events.Decided(RequestId("r"), "My", "superseded", ""), "request for My: superseded"),
    (events.Deactivated("e", "My", "root"), "My was deactivated by root"),
    (events.Requested(RequestId("r"), "My", "Sample", True), "Sample asks to remove My"),
    (
        events.Undone(RequestId("r"), "My", "denied", "root"),
        "request for My: root undid the decision (denied), so it waits again",
    ),
    (events.Revoked("e", "My", "root"), "the approval of My was revoked by root"),
    (events.DeveloperMode(True, "root"), "developer mode was turned on by root"),
    (events.ProfileChanged("p", "P", True, "root"), "profile P was added by root"),
    (events.ProfileChanged("p", "P", False, "root"), "profile P was removed by root"),
    (
        events.Resynced("ENOBUFS", 1, 2, 3),
        "events lost (ENOBUFS), resynced: 1 added, 2 removed, 3 changed",
    ),
    (events.Began("r", "0.1"), "runtime 0.1 began"),
    (events.Noted("{braces} stay"), "{braces} stay"),
]


@pytest.mark.parametrize(("detail", "text"), ALL)
def test_sentence(detail: events.Detail, text: str) -> None:
    assert words.text(detail) == text


def test_every_kind_of_event_is_here() -> None:
    assert {type(detail) for detail, _ in ALL} == set(typing.get_args(events.Detail))


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Exit(ExitHow.SIGNAL, 11), "crashed: SIGSEGV (invalid memory access)"),
        (Exit(ExitHow.SIGNAL, 99), "crashed: signal 99"),
        (Exit(ExitHow.CODE, 3), "exited with code 3"),
        (Exit(ExitHow.CODE, 1, "ValueError: no"), "exited with code 1: ValueError: no"),
        (Exit(ExitHow.HANG), "killed: it did not respond"),
        (Exit(ExitHow.BREACH, 0, "empty packet"), "killed: it broke the protocol: empty packet"),
        (Exit(ExitHow.LAUNCH, 0, "no memfd"), "could not be launched: no memfd"),
        (Exit(ExitHow.STOPPED), "stopped"),
    ],
)
def test_exit(outcome: Exit, text: str) -> None:
    assert words.exit_words(outcome) == text


@pytest.mark.parametrize(
    ("holder", "state", "word"),
    [
        (Holder.NOBODY, 0, "no driver"),
        (Holder.KERNEL, 0, "kernel driver"),
        (Holder.EXTENSION, 0, "extension"),
        (Holder.UNDRIVABLE, 0, ""),
        (Holder.EXTENSION, State.INACTIVE, "going"),
    ],
)
def test_device_word(holder: Holder, state: int, word: str) -> None:
    entry = Entry(EntryId(1), 0, "a", "IOService", holder=int(holder), state=int(state))
    assert words.device_word(entry) == word


def test_class_chains() -> None:
    assert chain("IORegistryEntry") == ("IORegistryEntry", "OSObject")
    assert chain("IOUSBRootHubDevice") == (
        "IOUSBRootHubDevice",
        "IOUSBHostDevice",
        "IOService",
        "IORegistryEntry",
        "OSObject",
    )
    assert chain("IOTtyDevice")[1:] == ("IOService", "IORegistryEntry", "OSObject")
    assert conforms("IOTtyDevice", "IOService")
    assert not conforms("IORegistryEntry", "IOService")
