"""Decisions that are taken back while the driver runs: it stops, and all is written down."""

import pytest

from runtime.client.blocking import connect
from runtime.client.requests import DeactivationRequest
from runtime.client.system_extensions import SystemExtensions
from runtime.model.audit import Deed
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import RequestId
from runtime.model.records import Request, RequestState
from runtime.wire.commands.audit import ReadAudit, Shown
from runtime.wire.commands.extensions import Revoke, Undo
from runtime.wire.commands.trust import AddTrust
from tests.unit.client.test_system_extensions import Heard

from .conftest import RuntimeProcess, alive, wait_for


def newest(runtime: RuntimeProcess) -> Request:
    return runtime.records().requests[-1]


def stopped(runtime: RuntimeProcess, pid: int) -> bool:
    (driver,) = runtime.records().drivers
    return driver.state is DriverState.STOPPED and not alive(pid)


def audit(runtime: RuntimeProcess) -> list[tuple[Deed, str]]:
    entries = runtime.call(ReadAudit()).entries
    return [(entry.deed, entry.subject) for entry in reversed(entries)]


def test_undo_revoke_and_removal_stop_the_driver(running: RuntimeProcess) -> None:
    first = newest(running)
    pid = running.driver().pid
    waiting = running.call(Undo(first.id))
    assert waiting.state is RequestState.WAITING
    wait_for(lambda: stopped(running, pid), "the driver to stop after the undo")
    for _ in range(2):
        running.call(Shown(waiting.id))
    with pytest.raises(ProblemError, match="expected one that is known"):
        running.call(Shown(RequestId("none:9")))
    running.approve(waiting)
    pid = running.driver_when(lambda d: d.state is DriverState.RUNNING, "it to run again").pid
    gone = running.call(Revoke(waiting.bundle_id, "not on Fridays"))
    assert gone.state is ExtensionState.REVOKED
    wait_for(lambda: stopped(running, pid), "the driver to stop after the revocation")
    running.approve(running.pending())
    pid = running.driver_when(lambda d: d.state is DriverState.RUNNING, "it to run again").pid
    with connect("an app", running.socket) as connection:
        requests, heard = SystemExtensions(connection), Heard()
        requests.submit(DeactivationRequest(waiting.bundle_id), heard)
        wait_for(lambda: requests.wait(connection, 0.05) or bool(heard.said), "an answer")
        assert heard.said == ["needs approval"]
        assert alive(pid), "it runs until somebody decides"
        running.approve(newest(running))
        assert requests.wait(connection, 20)
    wait_for(lambda: not running.records().extensions, "the removal")
    second, third = (one.id for one in running.records().requests[1:])
    assert audit(running)[1:] == [
        (Deed.REQUESTED, first.id),
        (Deed.APPROVED, first.id),
        (Deed.UNDONE, first.id),
        (Deed.SHOWN, first.id),
        (Deed.APPROVED, first.id),
        (Deed.REVOKED, first.extension),
        (Deed.REQUESTED, second),
        (Deed.APPROVED, second),
        (Deed.REQUESTED, third),
        (Deed.REMOVED, first.extension),
        (Deed.APPROVED, third),
    ]


def test_trust_takes_what_is_longer_than_a_workers_packet(runtime_process: RuntimeProcess) -> None:
    data = b"-----BEGIN X509 CRL-----\n" + b"A" * (400 << 10)
    with pytest.raises(ProblemError) as refusal:
        runtime_process.call(AddTrust(data, "developer", "long.pem"))
    assert str(refusal.value) == (
        "long.pem: expected a certificate revocation list in PEM, "
        "found “X509 CRL” in PEM that cannot be read as one"
    )
