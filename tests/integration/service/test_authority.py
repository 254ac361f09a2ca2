"""Who may decide in the system service: a real polkitd says so, and logind where its user sits."""

import grp
import os
import shutil
from pathlib import Path

import pytest
from dbus_fast import BusType

from runtime.model.errors import ProblemError
from runtime.model.identity import DriverId
from runtime.model.records import Request
from runtime.wire.commands import Command
from runtime.wire.commands.audit import ReadAudit
from runtime.wire.commands.drivers import ListCrashes, ReadCrash, ReadLog, StopDriver
from runtime.wire.commands.extensions import Activate, Decide, InstallSample, SetDeveloperMode
from runtime.wire.commands.lifetime import Quit
from runtime.wire.commands.registry import GetRecords
from tests.integration import dbus_mock
from tests.integration.dbus_mock import Mock
from tests.integration.service.conftest import (
    ANNA,
    BERTA,
    ROOT,
    Bus,
    Desktop,
    Service,
    Visitor,
    wait_for,
)

ON, OFF = SetDeveloperMode(True), SetDeveloperMode(False)
ACTION = "org.ioregistry.Inspector"


def refused(visitor: Visitor, command: Command) -> str:
    """Why a visitor may not have a command carried out."""
    with pytest.raises(ProblemError) as refusal:
        visitor.call(command)
    assert refusal.value.code == "not-allowed"
    return str(refusal.value)


def test_an_administrators_word_counts_and_nobody_elses(service: Service, desktop: Desktop) -> None:
    desktop.sit(ANNA)
    anna = service.visitor(ANNA)
    assert anna.call(GetRecords()).status.mode.value == "system"
    assert "no polkit agent runs in this session" in refused(anna, ON)
    desktop.answer(anna, "yes")
    assert anna.call(ON).developer
    (asked,) = desktop.asked()
    assert asked.startswith(f"{ACTION}.developer-mode: Authentication is required")
    for how, why in (("no", "found polkit's no"), ("closed", "the password dialog was closed")):
        other = service.visitor(ANNA)
        desktop.answer(other, how)
        assert why in refused(other, OFF)
        assert why in refused(other, StopDriver(DriverId(1)))
        assert f"{ACTION}.manage-drivers" in desktop.asked()[1]
    assert service.root.call(GetRecords()).status.developer
    said = [entry.result for entry in service.root.call(ReadAudit()).entries]
    refusals = [text for text in said if text.startswith("authority: expected")]
    assert len(refusals) == 5, "each with its reason"
    assert said.count("polkit's yes") == 1


def test_only_who_sits_at_the_open_screen_is_asked(service: Service, desktop: Desktop) -> None:
    anna = service.visitor(ANNA)
    desktop.answer(anna, "yes")
    nowhere = "expected user 64101 to sit at this machine, found no session"
    assert nowhere in refused(anna, ON)
    desktop.sit(BERTA)
    assert nowhere in refused(anna, ON)
    desktop.sit(ANNA, Remote=True)
    assert "expected a local session, found a remote one" in refused(anna, ON)
    desktop.sit(ANNA, Active=False)
    assert "found one in the background" in refused(anna, ON)
    desktop.sit(ANNA, LockedHint=True)
    assert "expected an unlocked session, found a locked one" in refused(anna, ON)
    assert desktop.asked() == []
    desktop.sit(ANNA, by_user=True)  # started by the user's service manager
    assert anna.call(ON).developer


def test_where_logind_says_nothing_only_root_decides(service: Service, bus: Bus) -> None:
    bus.start_polkit()
    said = refused(service.visitor(ANNA), ON)
    assert "expected logind to say where user 64101 sits" in said
    assert service.root.call(ON).developer
    with pytest.raises(ProblemError, match="systemctl stop"):
        service.root.call(Quit())
    with pytest.raises(ProblemError, match="in nobody's home"):
        service.root.call(InstallSample())


def test_the_question_goes_with_who_asked_and_one_is_asked_at_a_time(
    service: Service, desktop: Desktop
) -> None:
    desktop.sit(ANNA)
    anna = service.visitor(ANNA)
    desktop.answer(anna, "held")
    anna.ask(ON)
    wait_for(desktop.asked)
    with pytest.raises(ProblemError, match="expected one question at a time") as refusal:
        service.visitor(ANNA).call(ON)
    assert refusal.value.code == "busy"
    anna.leave()
    assert wait_for(desktop.asked) == ["taken back"]
    another = service.visitor(ANNA)
    desktop.answer(another, "yes")
    assert another.call(ON).developer


def test_the_first_of_several_administrators_wins_and_the_others_see_whose_it_was(
    service: Service, desktop: Desktop
) -> None:
    app = Path(os.environ["HOME"]) / "Applications" / "SampleUSB.app"
    shutil.copytree(ROOT / "resources/samples/SampleUSB.app", app, dirs_exist_ok=True)
    service.root.call(ON)
    request: Request = service.root.call(Activate(str(app)))
    approve = Decide(request.id, request.content_hash, request.nonce, approve=True)
    deny = Decide(request.id, request.content_hash, request.nonce, approve=False)
    desktop.order(sessions={ANNA: {}, BERTA: {}})
    anna, berta = service.visitor(ANNA), service.visitor(BERTA)
    desktop.answer(anna, "yes")
    desktop.answer(berta, "held")
    berta.ask(deny)
    (asked,) = wait_for(desktop.asked)
    assert asked.startswith(f"{ACTION}.manage-extensions")
    assert anna.call(approve).decided_by == "user 64101"
    (asked,) = desktop.asked()
    assert asked == (
        f"{ACTION}.approve: Authentication is required to approve the driver extension "
        f"{request.name} {request.short_version}"
    )
    desktop.order(release=True)
    with pytest.raises(ProblemError, match="found it completed by user 64101") as refusal:
        berta.answer()
    assert refusal.value.code == "decided"


def test_an_app_is_read_as_who_asks_and_their_own_request_needs_no_password(
    service: Service, bus: Bus
) -> None:
    readable = bus.folder / "SampleUSB.app"
    shutil.copytree(ROOT / "resources/samples/SampleUSB.app", readable)
    hidden = bus.folder / "hidden" / "SampleUSB.app"
    shutil.copytree(readable, hidden)
    hidden.parent.chmod(0o700)
    service.root.call(ON)
    anna, berta = service.visitor(ANNA), service.visitor(BERTA)
    with pytest.raises(ProblemError, match="app that who asks can read, found permission denied"):
        anna.call(Activate(str(hidden)))
    request: Request = anna.call(Activate(str(readable)))
    assert (request.uid, request.requester.user) == (ANNA, "user 64101")
    deny = Decide(request.id, request.content_hash, request.nonce, approve=False)
    assert "expected logind" in refused(berta, deny)
    assert anna.call(deny).decided_by == "user 64101"


def test_logs_and_crash_reports_are_for_who_reads_the_machines(service: Service) -> None:
    anna, reader = service.visitor(ANNA), service.visitor(BERTA, grp.getgrnam("adm").gr_gid)
    for command in (ReadLog(DriverId(1)), ListCrashes(), ReadCrash("report-1")):
        assert "expected root or a member of adm" in refused(anna, command)
    assert reader.call(ListCrashes()).reports == ()
    assert reader.call(ReadLog(DriverId(1))).lines == ()


def test_a_screen_that_is_locked_while_a_password_is_asked_for_makes_it_a_no(
    service: Service, desktop: Desktop
) -> None:
    desktop.sit(ANNA)
    anna = service.visitor(ANNA)
    desktop.answer(anna, "held")
    anna.ask(ON)
    wait_for(desktop.asked)
    desktop.order(sessions={ANNA: {"LockedHint": True}}, release=True)
    with pytest.raises(ProblemError, match="expected an unlocked session, found a locked one"):
        anna.answer()
    assert not service.root.call(GetRecords()).status.developer


def test_logind_is_understood_as_dbusmock_plays_it(
    service: Service, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's idea of logind's answers, beside the one in `desktop.py`."""
    dbus_mock.skip_where_missing()
    address = "DBUS_SYSTEM_BUS_ADDRESS"
    monkeypatch.setenv(address, bus.environment[address])
    name, top = "org.freedesktop.login1", "/org/freedesktop/login1"
    logind = Mock(BusType.SYSTEM, "logind", name, top, bus.folder / "calls")
    try:
        (session,) = logind.order("AddSession", "ssusb", "c1", "seat0", ANNA, "anna", True)
        path = f"ret = dbus.ObjectPath({session!r})"
        method = (f"{name}.Manager", "GetSessionByPID", "u", "o", path)
        logind.order("AddMethod", "sssss", *method)
        anna = service.visitor(ANNA)
        assert "expected an answer about" in refused(anna, ON), "it sits there, and polkit is none"
        logind.call(session, f"{name}.Session.SetLockedHint", "b", True)
        assert "expected an unlocked session, found a locked one" in refused(anna, ON)
        assert "found no session" in refused(service.visitor(BERTA), ON), "it is Anna's"
    finally:
        logind.close()
