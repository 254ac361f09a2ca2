"""The audit: an entry for each deed, in its transaction; decisions outlive what is only asked."""

import pytest

from runtime.engine import auditing
from runtime.engine.auditing import Auditing
from runtime.extensions import contents
from runtime.extensions.contents import Changes
from runtime.extensions.profile import read_profile
from runtime.extensions.staging import Staged
from runtime.model.audit import AuditEntry, Deed
from tests.unit.extensions.conftest import Bench
from tests.unit.extensions.test_profile import profile


def told(bench: Bench) -> list[tuple[str, str, str]]:
    """Deed, by whom, and what came of it; oldest first."""
    entries = reversed(bench.store.audit(0, 100))
    return [(entry.deed.value, entry.by, entry.result) for entry in entries]


def test_every_deed_is_told_with_who_did_it(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="ada")
    request = bench.ask(staged)
    bench.extensions.decide(
        *(request.id, request.content_hash, request.nonce),
        approve=False,
        note="not today",
        by="ada",
    )
    bench.answer(bench.ask(staged))
    bench.extensions.profiles.add(read_profile(profile({}), "p.mobileconfig"), "root")
    bench.extensions.removals.remove_all("berta")
    bench.restart()
    assert told(bench) == [
        ("developer mode", "ada", "on"),
        ("requested", "Widget (user 1000, pid 0)", ""),
        ("denied", "ada", "denied: not today"),
        ("requested", "Widget (user 1000, pid 0)", ""),
        ("approved", "admin", "completed"),
        ("profile", "root", "added"),
        ("removed", "berta", ""),
    ]
    numbers = [entry.number for entry in bench.store.audit(0, 100)]
    assert numbers == sorted(numbers, reverse=True)
    assert [entry.number for entry in bench.store.audit(numbers[2], 2)] == numbers[3:5]


def test_what_is_asked_pushes_no_decision_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "AUDIT_ENTRIES", 3)
    for number in range(5):
        bench.store.commit(Changes(audit=[AuditEntry(Deed.APPROVED, f"{number}", "", "")]))
    for number in range(20):
        bench.store.commit(Changes(audit=[AuditEntry(Deed.REQUESTED, f"{number}", "", "")]))
    kept = [(entry.deed.value, entry.subject) for entry in reversed(bench.store.audit(0, 100))]
    assert kept == [("approved", each) for each in "234"] + [
        ("requested", each) for each in ("17", "18", "19")
    ]


def test_the_same_question_is_not_written_over_and_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = Auditing(bench.store)
    refused = AuditEntry(Deed.AUTHORITY, "action", "", "anna", "no")
    shown = AuditEntry(Deed.SHOWN, "request", "", "anna")
    for _ in range(3):
        audit.record_once(refused)
        audit.record_once(shown)
    assert len(audit.page(0).entries) == 2
    monkeypatch.setattr(auditing, "SILENCE_SECONDS", 0.0)
    audit.record_once(refused)
    audit.record_once(shown)
    assert [entry.deed for entry in audit.page(0).entries] == [
        Deed.AUTHORITY,
        Deed.SHOWN,
        Deed.AUTHORITY,
    ]
    assert audit.page(0).entries[0].wall_ns > 0
