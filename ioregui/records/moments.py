"""Times and durations in words, in the local time zone and the user's language.

Invariant: pure; wall-clock nanoseconds are for reading only, never for deciding.
"""

from datetime import datetime

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def clock(wall_ns: int) -> str:
    """Return hours, minutes, seconds and milliseconds; empty for 0."""
    if not wall_ns:
        return ""
    moment = datetime.fromtimestamp(wall_ns // 1_000_000_000).astimezone()
    return f"{moment:%H:%M:%S}.{wall_ns // 1_000_000 % 1000:03d}"


def date_and_clock(wall_ns: int) -> str:
    """Return date, hours, minutes and seconds; empty for 0."""
    if not wall_ns:
        return ""
    moment = datetime.fromtimestamp(wall_ns // 1_000_000_000).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def iso(ms: int) -> str:
    """Return milliseconds since 1970 as a local time that every command takes."""
    moment = datetime.fromtimestamp(ms // 1000).astimezone()
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}{moment:%z}"


def gap(nanoseconds: int) -> str:
    """Return a duration with one unit: "2 min"; empty below a second."""
    seconds = nanoseconds // 1_000_000_000
    if seconds < 1:
        return ""
    if seconds < 60:
        return translate("moments", "{0} s").format(seconds)
    if seconds < 3600:
        return translate("moments", "{0} min").format(seconds // 60)
    if seconds < 86_400:
        return translate("moments", "{0} h").format(seconds // 3600)
    return translate("moments", "{0} d").format(seconds // 86_400)


def milliseconds(microseconds: int) -> str:
    """Return a short duration in milliseconds."""
    return translate("moments", "{0} ms").format(f"{microseconds / 1000:.1f}")
