"""From a certificate authority to a running driver: signed, notarized, trusted, approved."""

import json
import plistlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .test_tour import BUNDLE_ID, SAMPLE, Runtime


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample app in an Applications folder of a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    target = tmp_path / "home" / "Applications" / SAMPLE.name
    shutil.copytree(SAMPLE, target)
    return target


@pytest.fixture
def runtime(app: Path, tmp_path: Path) -> Iterator[Runtime]:
    made = Runtime(tmp_path)
    yield made
    made.stop()


def test_a_signed_and_notarized_app_needs_no_developer_mode(runtime: Runtime, app: Path) -> None:
    runtime.ok("dext", "identity", "root")
    runtime.ok("dext", "identity", "ada", "--authority", "root", "--team", "ABCDE12345")
    runtime.ok("dext", "identity", "notary", "--authority", "root", "--purpose", "notary")
    runtime.ok("dext", "sign", str(app), "--identity", "ada")
    runtime.ok("dext", "notarize", str(app), "--notary", "notary")
    assert waiting(runtime, app)["needs_developer"] is True, "nobody is trusted yet"

    root = str(app.parents[1] / ".local/share/ioregistry/identities/root.crt")
    for purpose in ("developer", "notary"):
        assert "trusted: " in runtime.ok(
            "systemextensionsctl", "trust", "add", root, "--for", purpose
        )
    assert len(json.loads(runtime.ok("systemextensionsctl", "trust", "list", "--json"))) == 2
    request = waiting(runtime, app)
    assert request["needs_developer"] is False
    assert request["signature"] == "signed by ada (ABCDE12345), notarized"
    runtime.ok("systemextensionsctl", "approve", request["id"])
    listed = runtime.ok("systemextensionsctl", "list")
    assert f"*\t*\tABCDE12345\t{BUNDLE_ID}" in listed

    (ticket,) = json.loads(runtime.ok("dext", "notarize", "--notary", "notary", "--json"))
    runtime.ok("dext", "notarize", "--notary", "notary", "--revoke", ticket["number"])
    listed_tickets = str(app.parent / "revoked")
    runtime.ok("dext", "notarize", "--notary", "notary", "--revocations", listed_tickets)
    added = runtime.ok("systemextensionsctl", "trust", "add", listed_tickets, "--json")
    (stopped,) = json.loads(runtime.ok("systemextensionsctl", "list", "--json"))
    assert stopped["state"] == "disabled"
    assert f"found {ticket['number']}, which was revoked" in stopped["note"]
    fingerprint = json.loads(added)[0]["fingerprint"]
    runtime.ok("systemextensionsctl", "trust", "remove", fingerprint)
    (again,) = json.loads(runtime.ok("systemextensionsctl", "list", "--json"))
    assert (again["state"], again["note"]) == ("active", "")

    runtime.ok("systemextensionsctl", "uninstall", "ABCDE12345", BUNDLE_ID)
    profile = app.parent / "company.mobileconfig"
    payload = {
        "PayloadType": "com.apple.system-extension-policy",
        "AllowedTeamIdentifiers": ["ABCDE12345"],
    }
    top = {"PayloadType": "Configuration", "PayloadIdentifier": "com.example.company"}
    profile.write_bytes(plistlib.dumps(top | {"PayloadContent": [payload]}))
    runtime.ok("systemextensionsctl", "policy", "add", str(profile))
    assert runtime.ok("systemextensionsctl", "activate", str(app)).endswith(" completed\n")
    (extension,) = json.loads(runtime.ok("systemextensionsctl", "list", "--json"))
    ruling = extension["ruling"]
    assert (ruling["file"], ruling["key"]) == (profile.name, "AllowedTeamIdentifiers")
    runtime.ok("systemextensionsctl", "policy", "remove", "com.example.company")
    assert runtime.ok("systemextensionsctl", "list") == "0 extension(s)\n"


def test_an_app_that_was_changed_after_signing_is_refused(runtime: Runtime, app: Path) -> None:
    runtime.ok("systemextensionsctl", "developer", "on")
    runtime.ok("dext", "sign", str(app), "--identity", "test")
    (source,) = app.rglob("MyUserUSBInterfaceDriver.py")
    source.write_bytes(source.read_bytes() + b"\n")
    for command in (("dext", "verify"), ("systemextensionsctl", "activate")):
        refused = runtime.run(*command, str(app))
        assert refused.returncode == 1
        assert "MyUserUSBInterfaceDriver.py: expected the content that was sealed" in refused.stderr


def test_what_stands_against_a_ticket_is_said(runtime: Runtime, app: Path) -> None:
    runtime.ok("dext", "identity", "root")
    runtime.ok("dext", "identity", "notary", "--authority", "root", "--purpose", "notary")
    (source,) = app.rglob("MyUserUSBInterfaceDriver.py")
    source.write_text("import socket\n" + source.read_text())
    runtime.ok("dext", "sign", str(app), "--identity", "test")
    refused = runtime.run("dext", "notarize", str(app), "--notary", "notary")
    assert refused.returncode == 1
    assert (
        "MyUserUSBInterfaceDriver.py:1: expected no import of socket, found one" in refused.stdout
    )
    assert runtime.ok("dext", "notarize", "--notary", "notary") == "no tickets\n"


def waiting(runtime: Runtime, app: Path) -> dict[str, Any]:
    runtime.ok("systemextensionsctl", "activate", str(app))
    request: dict[str, Any]
    (request,) = json.loads(runtime.ok("systemextensionsctl", "pending", "--json"))
    return request
