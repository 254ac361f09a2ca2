"""Apps with a driver extension of the test's own making."""

import plistlib
from pathlib import Path

BUNDLE = "com.example.trial"

SOURCE = """
from runtime.driverkit import IOLog, IOService, IOReturnError, kIOReturnNoDevice


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        {body}
"""


def driver_source(body: str) -> str:
    """A driver whose Start does this (lines are indented by eight spaces)."""
    return SOURCE.format(body=body.replace("\n", "\n        "))


def make_app(folder: Path, source: str, **changes: object) -> Path:
    """An app whose driver matches the sample device; `changes` replace keys of the dext's plist.

    A key with the value None is left out.
    """
    app = folder / "Trial.app"
    dext = app / "Contents/Library/SystemExtensions" / f"{BUNDLE}.dext"
    dext.mkdir(parents=True, exist_ok=True)
    (app / "Contents/Linux").mkdir(exist_ok=True)
    (app / "Contents/Linux/Trial").write_text("#!/bin/sh\n")
    (app / "Contents/Linux/Trial").chmod(0o755)
    _write(
        app / "Contents/Info.plist",
        {
            "CFBundleIdentifier": "com.example.trial-app",
            "CFBundleName": "Trial",
            "CFBundleExecutable": "Trial",
            "CFBundlePackageType": "APPL",
            "CFBundleVersion": "1",
            "CFBundleShortVersionString": "1.0",
        },
    )
    _write(
        app / "Contents/Entitlements.plist",
        {"com.apple.developer.system-extension.install": True},
    )
    _write(
        dext / "Entitlements.plist",
        {
            "com.apple.developer.driverkit": True,
            "com.apple.developer.driverkit.transport.usb": [{"idVendor": 0x1209}],
        },
    )
    info: dict[str, object] = {
        "CFBundleIdentifier": BUNDLE,
        "CFBundleName": "Trial",
        "CFBundleDisplayName": "Trial Driver",
        "CFBundleExecutable": "Trial",
        "CFBundlePackageType": "DEXT",
        "CFBundleVersion": "1",
        "CFBundleShortVersionString": "1.0",
        "OSBundleUsageDescription": "Tries things.",
        "IOKitPersonalities": {
            "Trial": {
                "IOClass": "IOUserService",
                "IOProviderClass": "IOUSBHostInterface",
                "IOUserClass": "Trial",
                "IOUserServerName": BUNDLE,
                "CFBundleIdentifier": BUNDLE,
                "idVendor": 0x1209,
                "idProduct": 1,
                "bInterfaceNumber": 0,
                "bConfigurationValue": 1,
            }
        },
    }
    info |= changes
    _write(dext / "Info.plist", {key: value for key, value in info.items() if value is not None})
    (dext / "Trial.py").write_text(source)
    return app


def drive(app: Path, *devices: tuple[int, int]) -> Path:
    """Have an app's driver match the first interface of these devices, by vendor and product."""
    (dext,) = app.glob(f"Contents/Library/SystemExtensions/{BUNDLE}.dext")
    info = plistlib.loads((dext / "Info.plist").read_bytes())
    (table,) = info["IOKitPersonalities"].values()
    info["IOKitPersonalities"] = {
        f"{vendor:04x}-{product:04x}": {**table, "idVendor": vendor, "idProduct": product}
        for vendor, product in devices
    }
    _write(dext / "Info.plist", info)
    entitlements = plistlib.loads((dext / "Entitlements.plist").read_bytes())
    entitlements["com.apple.developer.driverkit.transport.usb"] = [
        {"idVendor": vendor} for vendor, _ in devices
    ]
    _write(dext / "Entitlements.plist", entitlements)
    return dext


def drive_hid(app: Path, vendor: int, product: int) -> Path:
    """Have an app's driver match a HID device."""
    (dext,) = app.glob(f"Contents/Library/SystemExtensions/{BUNDLE}.dext")
    info = plistlib.loads((dext / "Info.plist").read_bytes())
    (table,) = info["IOKitPersonalities"].values()
    kept = {key: table[key] for key in ("IOClass", "IOUserClass", "IOUserServerName")}
    identity = {"IOProviderClass": "IOHIDInterface", "VendorID": vendor, "ProductID": product}
    info["IOKitPersonalities"] = {"Trial": {**kept, **identity}}
    _write(dext / "Info.plist", info)
    entitlements: dict[str, object] = {
        "com.apple.developer.driverkit": True,
        "com.apple.developer.driverkit.transport.hid": True,
    }
    _write(dext / "Entitlements.plist", entitlements)
    return dext


def _write(path: Path, table: dict[str, object]) -> None:
    with path.open("wb") as file:
        plistlib.dump(table, file)
