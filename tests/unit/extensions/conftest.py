"""An app on the disk that tests bend, and a ledger of extensions around a real store."""

import plistlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.extensions.requests import Extensions
from runtime.extensions.staging import Staged, stage
from runtime.extensions.store import Store
from runtime.model.events import Detail
from runtime.model.identity import BundleId
from runtime.model.records import Extension, Request, Requester

BUNDLE_ID = "com.example.widget.driver"


class AppFolder:
    """A valid app with one driver extension; `write` puts it on the disk as it then stands."""

    def __init__(self, parent: Path, name: str = "Widget") -> None:
        self.path = parent / f"{name}.app"
        self.dext = self.path / "Contents/Library/SystemExtensions" / f"{BUNDLE_ID}.dext"
        self.app_info: dict[str, Any] = {
            "CFBundleIdentifier": "com.example.widget",
            "CFBundleDisplayName": name,
        }
        self.app_entitlements: dict[str, Any] = {
            "com.apple.developer.system-extension.install": True
        }
        self.info: dict[str, Any] = {
            "CFBundleIdentifier": BUNDLE_ID,
            "CFBundleDisplayName": "Widget Driver",
            "CFBundleExecutable": "WidgetDriver",
            "CFBundlePackageType": "DEXT",
            "CFBundleShortVersionString": "1.0",
            "CFBundleVersion": "1",
            "OSBundleUsageDescription": "Reads the widget.",
            "IOKitPersonalities": {
                "Widget": {
                    "IOProviderClass": "IOUSBHostInterface",
                    "IOUserClass": "WidgetDriver",
                    "idVendor": 0x1209,
                    "idProduct": 1,
                    "bInterfaceNumber": 0,
                    "bConfigurationValue": 1,
                }
            },
        }
        self.entitlements: dict[str, Any] = {
            "com.apple.developer.driverkit": True,
            "com.apple.developer.driverkit.transport.usb": [{"idVendor": 0x1209}],
        }
        self.source = "class WidgetDriver: ...\n"
        self.write()

    def write(self) -> None:
        self.dext.mkdir(parents=True, exist_ok=True)
        contents = self.path / "Contents"
        (contents / "Info.plist").write_bytes(plistlib.dumps(self.app_info))
        (contents / "Entitlements.plist").write_bytes(plistlib.dumps(self.app_entitlements))
        (self.dext / "Info.plist").write_bytes(plistlib.dumps(self.info))
        (self.dext / "Entitlements.plist").write_bytes(plistlib.dumps(self.entitlements))
        (self.dext / "WidgetDriver.py").write_text(self.source)


class Bench:
    """Extensions over a real store, with everything they say kept."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.said: list[Detail] = []
        self.changed: list[Extension | Request] = []
        self._ticks = 0
        self.open()

    def open(self) -> None:
        self.store = Store(self.state_dir)
        self.extensions = Extensions(
            self.store, self._tick, self._word, self.said.append, self.changed.append
        )

    def restart(self) -> None:
        self.store.close()
        self.open()

    def ask(self, staged: Staged, uid: int = 1000) -> Request:
        requester = Requester(app=staged.app, app_path=staged.app_path, uid=uid)
        return self.extensions.activate(staged, requester, uid, ())

    def ask_removal(self, uid: int = 1000, bundle_id: str = BUNDLE_ID) -> Request:
        requester = Requester(app="Widget", app_path="/Widget.app", uid=uid)
        return self.extensions.removals.ask(BundleId(bundle_id), requester, ())

    def answer(self, request: Request, *, approve: bool = True) -> Request:
        return self.extensions.decide(
            request.id, request.content_hash, request.nonce, approve=approve, note="", by="admin"
        )

    def _tick(self) -> int:
        self._ticks += 1
        return self._ticks

    def _word(self) -> str:
        return f"nonce-{self._tick()}"


@pytest.fixture
def app(tmp_path: Path) -> AppFolder:
    return AppFolder(tmp_path / "Applications")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "state")
    yield bench
    bench.store.close()


@pytest.fixture
def staged(app: AppFolder, tmp_path: Path) -> Staged:
    return stage(app.path, "", tmp_path / "state", None)
