"""Moments as people name them: ``10 minutes ago``, ``2026-03-01T14:30``, ``14:30``, ``now``.

A time without a zone is local; a time without a date is the last one that has been, by the clocks
on the wall of that day.
Invariant: pure but for the rules of the local zone; the present moment is given.
"""

import re
from datetime import datetime, time, timedelta

from runtime.model.errors import ProblemError

_AGO = re.compile(r"(\d{1,9}(?:\.\d{1,6})?|an?)\s*([a-z]+)\s+ago")
_SECONDS = {
    "second": 1, "sec": 1, "s": 1,
    "minute": 60, "min": 60, "m": 60,
    "hour": 3600, "h": 3600,
    "day": 86_400, "d": 86_400,
    "week": 604_800, "w": 604_800,
}  # fmt: skip


class NoMomentError(ProblemError):
    """A text that names no moment; its code is ``wrong-time``."""


def parse(text: str, now: datetime) -> datetime:
    """The moment that a text names.

    Args:
        text: What the user wrote.
        now: The present moment, with a zone.

    Raises:
        NoMomentError: It names none.
    """
    words = " ".join(text.casefold().split())
    if words == "now":
        return now
    try:
        ago = _AGO.fullmatch(words)
        if ago is not None:
            return now - timedelta(seconds=_length(ago.group(1), ago.group(2)))
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", words):
            return _last(time.fromisoformat(words.zfill(5 if words.count(":") == 1 else 8)), now)
        found = datetime.fromisoformat(text.strip())
        return found if found.tzinfo is not None else found.astimezone()
    except (ValueError, OverflowError, KeyError, OSError) as error:
        raise NoMomentError(
            "wrong-time",
            f"time {text!r}: expected “10 minutes ago”, “14:30” or “2026-03-01T14:30:00”, "
            "found neither",
        ) from error


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 of a moment with a zone."""
    return int(moment.timestamp() * 1000)


def _length(count: str, unit: str) -> float:
    number = 1.0 if count in {"a", "an"} else float(count)
    return number * (_SECONDS[unit] if unit in _SECONDS else _SECONDS[unit.removesuffix("s")])


def _last(wanted: time, now: datetime) -> datetime:
    """The last moment with a time of day, in the zone of now."""
    found = _on_the_wall(datetime.combine(now.date(), wanted), now)
    if found <= now:
        return found
    return _on_the_wall(datetime.combine(now.date() - timedelta(days=1), wanted), now)


def _on_the_wall(clock: datetime, now: datetime) -> datetime:
    """A clock's time in the zone of now; the local zone may have had another offset then."""
    is_local = now.astimezone().utcoffset() == now.utcoffset()
    return clock.astimezone() if is_local else clock.replace(tzinfo=now.tzinfo)
