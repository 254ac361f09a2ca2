"""Moments as people name them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from runtime.model.errors import ProblemError
from runtime.query.moments import milliseconds, parse

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 3, 1, 14, 30, 15, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("10 minutes ago", NOW - timedelta(minutes=10)),
        ("  10   MIN ago ", NOW - timedelta(minutes=10)),
        ("1.5 hours ago", NOW - timedelta(minutes=90)),
        ("an hour ago", NOW - timedelta(hours=1)),
        ("a day ago", NOW - timedelta(days=1)),
        ("30s ago", NOW - timedelta(seconds=30)),
        ("2 weeks ago", NOW - timedelta(days=14)),
        ("14:30", NOW.replace(second=0)),
        ("9:05:07", NOW.replace(hour=9, minute=5, second=7)),
        ("14:31", NOW.replace(second=0, minute=31) - timedelta(days=1)),
        ("2026-02-28T10:00:00+00:00", NOW.replace(day=28, month=2, hour=12, minute=0, second=0)),
        ("2026-02-28 10:00:00.5Z", datetime(2026, 2, 28, 12, 0, 0, 500_000, ZONE)),
    ],
)
def test_understood(text: str, expected: datetime) -> None:
    assert parse(text, NOW) == expected


def test_a_time_without_zone_is_local() -> None:
    assert parse("2026-02-28T10:00", NOW) == datetime(2026, 2, 28, 10).astimezone()
    assert parse("2026-02-28", NOW) == datetime(2026, 2, 28).astimezone()


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local zone is one whose clocks are set twice a year."""
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("today", "text", "then"),
    [
        ("2026-03-29T10:00+02:00", "23:00", "2026-03-28T23:00+01:00"),
        ("2026-10-25T10:00+01:00", "23:00", "2026-10-24T23:00+02:00"),
        ("2026-10-25T10:00+01:00", "09:00", "2026-10-25T09:00+01:00"),
    ],
)
def test_the_clock_on_the_wall_of_the_day_before(today: str, text: str, then: str) -> None:
    """They were set in between."""
    assert parse(text, datetime.fromisoformat(today)) == datetime.fromisoformat(then)


@pytest.mark.parametrize(
    "text",
    ["", "nothing", "10 fortnights ago", "ago", "25:00", "999999999 weeks ago", "2026-13-01"],
)
def test_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ProblemError, match="expected “10 minutes ago”") as refused:
        parse(text, NOW)
    assert refused.value.code == "wrong-time"


def test_milliseconds_since_1970() -> None:
    assert milliseconds(datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)) == 1500
