"""Text for people, made at the edge: sentences of events, state words, exit reasons.

A `Sentence` keeps template and fields apart, so that a window can translate the template and
show the fields, which may come from a device, as plain text.
Invariant: pure; the templates are literals of this file.
"""

import signal
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from runtime.model import events
from runtime.model.entry import Entry, Holder, Kind, State
from runtime.model.outcome import Decision, Exit, ExitHow


class Sentence(msgspec.Struct, frozen=True):
    """`template` with `{field}` places, and the values for them."""

    template: str
    fields: dict[str, str] = {}


_SIGNAL_CAUSES: dict[int, str] = {
    signal.SIGSEGV: "invalid memory access",
    signal.SIGBUS: "access beyond the end of mapped memory",
    signal.SIGILL: "illegal instruction",
    signal.SIGFPE: "arithmetic error",
    signal.SIGABRT: "aborted itself",
    signal.SIGSYS: "system call that the sandbox forbids",
    signal.SIGKILL: "killed",
    signal.SIGTERM: "terminated",
    signal.SIGXCPU: "used up its processor time",
}


def moment(ms: int) -> str:
    """A moment as people write it, with its zone; milliseconds since 1970 where no date is."""
    try:
        then = datetime.fromtimestamp(ms / 1000).astimezone()
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"
    return then.isoformat(sep=" ", timespec="seconds")


def device_word(entry: Entry) -> str:
    """The state of a device: no driver, kernel driver, extension, going.

    Empty for a device that no driver is ever bound to.
    """
    if entry.state & State.INACTIVE:
        return "going"
    words: dict[int, str] = {
        Holder.NOBODY: "no driver",
        Holder.KERNEL: "kernel driver",
        Holder.EXTENSION: "extension",
    }
    return words.get(entry.holder, "")  # empty, too: a file says what cannot be


def process_word(entry: Entry) -> str:
    """The process id of an entry's driver, ``kernel``, or nothing."""
    if entry.pid:
        return str(entry.pid)
    is_device = entry.kind == Kind.DEVICE and entry.holder == Holder.KERNEL
    return "kernel" if is_device or entry.kind == Kind.KERNEL_DRIVER else ""


def exit_words(outcome: Exit) -> str:
    """How a driver process ended, e.g. `crashed: SIGSEGV (invalid memory access)`."""
    detail = f": {outcome.detail}" if outcome.detail else ""
    if outcome.how is ExitHow.SIGNAL:
        cause = outcome.detail or _SIGNAL_CAUSES.get(outcome.number, "")
        return f"crashed: {outcome.signal_name}" + (f" ({cause})" if cause else "")
    if outcome.how is ExitHow.CODE:
        return f"exited with code {outcome.number}{detail}"
    if outcome.how is ExitHow.HANG:
        return f"killed: it did not respond{detail}"
    if outcome.how is ExitHow.BREACH:
        return f"killed: it broke the protocol{detail}"
    if outcome.how is ExitHow.LAUNCH:
        return f"could not be launched{detail}"
    return "stopped"


def denial(decision: Decision) -> str:
    """Why an entitlement does not allow something."""
    return f"entitlement {decision.entitlement} has to be {decision.wanted}, it is {decision.found}"


def text(detail: events.Detail) -> str:
    """An event as one English sentence."""
    made = sentence(detail)
    return made.template.format(**made.fields)


def sentence(detail: events.Detail) -> Sentence:
    """An event as a template with its fields."""
    return _SENTENCES[type(detail)](detail)


def _bound(e: events.Bound) -> Sentence:
    if e.driver:
        return Sentence("kernel driver {driver} took {name}", {"driver": e.driver, "name": e.name})
    return Sentence("{name} has no kernel driver any more", {"name": e.name})


def _matched(e: events.Matched) -> Sentence:
    m = e.match
    return Sentence(
        "{personality} of {bundle} matched with score {score}",
        {"personality": m.personality, "bundle": m.bundle_id, "score": str(m.score)},
    )


def _restarting(e: events.Restarting) -> Sentence:
    if e.delay_ms == 0:
        return Sentence("{name} is started again at once", {"name": e.name})
    return Sentence("{name} is started again in {ms} ms", {"name": e.name, "ms": str(e.delay_ms)})


def _quarantined(e: events.Quarantined) -> Sentence:
    if e.note:
        return Sentence("{name} is in quarantine {note}", {"name": e.name, "note": e.note})
    return Sentence(
        "{name} crashed {crashes} times and is in quarantine until somebody releases it",
        {"name": e.name, "crashes": str(e.crashes)},
    )


def _hung(e: events.Hung) -> Sentence:
    return Sentence(
        "{name} (pid {pid}) does not respond: {callback} on queue {queue} has run for {ms} ms",
        {
            "name": e.name, "pid": str(e.pid), "callback": e.callback,
            "queue": e.queue, "ms": str(e.age_ms),
        },
    )  # fmt: skip


def _resynced(e: events.Resynced) -> Sentence:
    return Sentence(
        "events lost ({cause}), resynced: {added} added, {removed} removed, {changed} changed",
        {
            "cause": e.cause, "added": str(e.added),
            "removed": str(e.removed), "changed": str(e.changed),
        },
    )  # fmt: skip


def _requested(e: events.Requested) -> Sentence:
    if e.takes:
        return Sentence("{name} asks to take {device}", {"name": e.name, "device": e.takes})
    text = "{app} asks to remove {name}" if e.removes else "{app} asks to activate {name}"
    return Sentence(text, {"app": e.app, "name": e.name})


def _decided(e: events.Decided) -> Sentence:
    if e.by:
        return Sentence(
            "request for {name}: {answer} by {by}", {"name": e.name, "answer": e.answer, "by": e.by}
        )
    return Sentence("request for {name}: {answer}", {"name": e.name, "answer": e.answer})


def _process(template: str) -> Callable[[Any], Sentence]:
    return lambda e: Sentence(template, {"name": e.name, "pid": str(e.pid)})


_SENTENCES: dict[type, Callable[[Any], Sentence]] = {
    events.Plugged: lambda e: Sentence("{name} ({cls}) appeared", {"name": e.name, "cls": e.cls}),
    events.Unplugged: lambda e: Sentence("{name} ({cls}) went", {"name": e.name, "cls": e.cls}),
    events.Bound: _bound,
    events.Matched: _matched,
    events.Launched: _process("{name} was launched as pid {pid}"),
    events.Started: lambda e: Sentence(
        "{name} (pid {pid}) started after {ms} ms",
        {"name": e.name, "pid": str(e.pid), "ms": f"{e.after_us / 1000:.1f}"},
    ),
    events.Crashed: lambda e: Sentence(
        "{name} (pid {pid}) {reason}",
        {"name": e.name, "pid": str(e.pid), "reason": exit_words(e.exit)},
    ),
    events.Restarting: _restarting,
    events.TakenAlong: lambda e: Sentence(
        "{name} (pid {pid}) ended with {by}, which shares its process, and is started again",
        {"name": e.name, "pid": str(e.pid), "by": e.by},
    ),
    events.Quarantined: _quarantined,
    events.Released: lambda e: Sentence("{name} was released from quarantine", {"name": e.name}),
    events.Stopped: _process("{name} (pid {pid}) stopped"),
    events.Hung: _hung,
    events.Responded: _process("{name} (pid {pid}) responds again"),
    events.Requested: _requested,
    events.Decided: _decided,
    events.Deactivated: lambda e: Sentence(
        "{name} was deactivated by {by}", {"name": e.name, "by": e.by}
    ),
    events.Undone: lambda e: Sentence(
        "request for {name}: {by} undid the decision ({was}), so it waits again",
        {"name": e.name, "by": e.by, "was": e.was},
    ),
    events.Revoked: lambda e: Sentence(
        "the approval of {name} was revoked by {by}", {"name": e.name, "by": e.by}
    ),
    events.DeveloperMode: lambda e: Sentence(
        "developer mode was turned {state} by {by}",
        {"state": "on" if e.on else "off", "by": e.by},
    ),
    events.ProfileChanged: lambda e: Sentence(
        "profile {name} was {done} by {by}",
        {"name": e.name, "done": "added" if e.added else "removed", "by": e.by},
    ),
    events.Resynced: _resynced,
    events.Began: lambda e: Sentence("runtime {version} began", {"version": e.version}),
    events.Noted: lambda e: Sentence("{text}", {"text": e.text}),
}
