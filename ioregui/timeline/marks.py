"""What each kind of event looks like on the timeline: a shape, a word, a tone.

Invariant: pure; every kind of event has a mark; crashes have a shape of their own.
"""

import enum
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.records.column import Tone
from runtime.model import events, words
from runtime.model.records import RequestState

translate = QCoreApplication.translate


class Shape(enum.Enum):
    """Shapes that are told apart without colour, with the glyph that says the same in text."""

    DOT = "●"  # something came or began
    RING = "○"  # something went or ended
    DIAMOND = "◆"  # something was decided
    TRIANGLE = "▲"  # mind this
    CROSS = "✕"  # a crash
    SQUARE = "■"  # kept out


@dataclass(frozen=True, slots=True)
class Mark:
    """The look of an event. `merges`: a burst of these is one mark with a count."""

    shape: Shape
    word: str
    tone: Tone = Tone.PLAIN
    merges: bool = False


def mark(detail: events.Detail) -> Mark:
    """Return an event's look, its word in the user's language."""
    shape, word, tone, merges = _look(detail)
    return Mark(shape, translate("event word", word), tone, merges)


def sentence(detail: events.Detail) -> str:
    """Return an event as one sentence in the user's language, its fields made safe."""
    made = words.sentence(detail)
    fields = {
        name: plaintext.plain(value, plaintext.SENTENCE) for name, value in made.fields.items()
    }
    return translate("event", made.template).format(**fields)


_Look = tuple[Shape, str, Tone, bool]

_LOOKS: dict[type, _Look] = {
    events.Plugged: (Shape.DOT, "plug", Tone.PLAIN, True),
    events.Unplugged: (Shape.RING, "unplug", Tone.PLAIN, True),
    events.Matched: (Shape.DIAMOND, "match", Tone.PLAIN, True),
    events.Launched: (Shape.DOT, "launch", Tone.QUIET, False),
    events.Started: (Shape.DOT, "start", Tone.GOOD, False),
    events.Crashed: (Shape.CROSS, "crash", Tone.BAD, False),
    events.Restarting: (Shape.DOT, "restart", Tone.WAITING, False),
    events.TakenAlong: (Shape.RING, "taken along", Tone.WAITING, False),
    events.Quarantined: (Shape.SQUARE, "quarantine", Tone.BAD, False),
    events.Released: (Shape.DIAMOND, "release", Tone.PLAIN, False),
    events.Stopped: (Shape.RING, "stop", Tone.PLAIN, False),
    events.Hung: (Shape.TRIANGLE, "not responding", Tone.BAD, False),
    events.Responded: (Shape.DOT, "responds", Tone.PLAIN, False),
    events.Requested: (Shape.DIAMOND, "request", Tone.WAITING, False),
    events.Deactivated: (Shape.RING, "deactivate", Tone.PLAIN, False),
    events.Undone: (Shape.DIAMOND, "undo", Tone.WAITING, False),
    events.Revoked: (Shape.RING, "revoke", Tone.PLAIN, False),
    events.Resynced: (Shape.TRIANGLE, "resync", Tone.WARNING, False),
    events.Began: (Shape.DOT, "runtime", Tone.QUIET, False),
    events.Noted: (Shape.TRIANGLE, "note", Tone.WARNING, False),
}


def _look(detail: events.Detail) -> _Look:
    match detail:
        case events.Bound():
            word = "bind" if detail.driver else "unbind"
            return Shape.DOT if detail.driver else Shape.RING, word, Tone.PLAIN, True
        case events.Decided():
            return Shape.DIAMOND, _ANSWERS.get(detail.answer, detail.answer), Tone.PLAIN, False
        case events.DeveloperMode():
            word = "developer on" if detail.on else "developer off"
            return Shape.TRIANGLE, word, Tone.WARNING, False
        case events.ProfileChanged():
            word = "profile added" if detail.added else "profile removed"
            return Shape.DIAMOND, word, Tone.PLAIN, False
        case _:
            return _LOOKS[type(detail)]


_ANSWERS = {RequestState.COMPLETED.value: "approved"}
