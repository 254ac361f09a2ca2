"""The columns of the inbox. Invariant: pure functions of `Request`."""

from PySide6.QtCore import QCoreApplication

from ioregui.approvals import words
from ioregui.records import moments
from ioregui.records.column import Column
from runtime.model.identity import RequestId
from runtime.model.records import Request, RequestState

translate = QCoreApplication.translate


def key(request: Request) -> RequestId:
    """Return what tells requests apart."""
    return request.id


def order(request: Request) -> tuple[int, int]:
    """Return what the inbox is sorted by: waiting ones first come first, then newest first."""
    if request.state is RequestState.WAITING:
        return 0, request.first_wall_ns
    return 1, -(request.decided_wall_ns or request.first_wall_ns)


def when(request: Request) -> str:
    """Return when the request first came."""
    return moments.date_and_clock(request.first_wall_ns)


def count(request: Request) -> str:
    """Return how often the same request came."""
    return str(request.count)


def columns() -> tuple[Column[Request], ...]:
    """Return the columns, from left to right, in the user's language."""
    return (
        Column(
            translate("approvals", "Driver"),
            translate("approvals", "The driver extension that waits or waited for approval."),
            words.name,
            18,
            grows=True,
        ),
        Column(
            translate("approvals", "State"),
            translate("approvals", "What became of the request."),
            words.state_word,
            23,
            words.state_tone,
        ),
        Column(
            translate("approvals", "App"),
            translate("approvals", "Who asks."),
            words.app,
            14,
            optional=True,
        ),
        Column(
            translate("approvals", "Count"),
            translate("approvals", "How often the same request came."),
            count,
            5,
            numeric=True,
            optional=True,
        ),
        Column(
            translate("approvals", "First seen"),
            translate("approvals", "When it first came."),
            when,
            21,
            optional=True,
        ),
    )
