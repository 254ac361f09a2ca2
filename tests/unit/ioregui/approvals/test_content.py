"""What a request shows of an upgrade: the difference of what it may do and what it would touch."""

import msgspec

from ioregui.approvals import content
from ioregui.records.facts import FactGroup
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, ContentHash, EntryId, RequestId
from runtime.model.records import (
    DeviceHit,
    Entitlement,
    Extension,
    Request,
    Requester,
    RequestState,
)

BUNDLE = BundleId("com.example.widget")
USB = Entitlement("usb", "1", "Use the widget")
HID = Entitlement("hid", "true", "Make a keyboard", risky=True)


def hit(entry: int, displaces: str = "") -> DeviceHit:
    return DeviceHit(EntryId(entry), f"Device {entry}", f"IOService:/{entry}", 1, displaces)


def approved() -> Extension:
    return Extension(
        id="old",
        bundle_id=BUNDLE,
        content_hash=ContentHash("0" * 64),
        name="Widget",
        short_version="1.0",
        version="1",
        state=ExtensionState.ACTIVE,
        entitlements=(USB,),
    )


def request(devices: tuple[DeviceHit, ...], before: tuple[DeviceHit, ...]) -> Request:
    return Request(
        id=RequestId("one:1"),
        extension="new",
        bundle_id=BUNDLE,
        content_hash=ContentHash("1" * 64),
        nonce="n",
        name="Widget",
        short_version="2.0",
        version="2",
        requester=Requester("Widget", "/Applications/Widget.app"),
        state=RequestState.WAITING,
        entitlements=(HID,),
        devices=devices,
        devices_before=before,
    )


def facts(groups: tuple[FactGroup, ...], title: str) -> list[tuple[str, str]]:
    (group,) = [group for group in groups if group.title == title]
    return [(fact.label, fact.text) for fact in group.facts if not fact.text.startswith("IOS")]


LATER = ("", "Devices that match later it drives, too.")


def test_an_upgrade_shows_what_is_new_and_what_is_no_more() -> None:
    asked = request((hit(1), hit(2, "usbhid")), (hit(1), hit(3)))
    groups = content.request_facts(asked, approved(), (), keys=False)
    assert facts(groups, "What it would touch") == [
        ("Device 1", "as the approved version"),
        ("Device 2", "new: replaces usbhid"),
        ("Device 3", "no more: the approved version drives it"),
        LATER,
    ]
    assert facts(groups, "What it may do") == [
        ("New, risky", "Make a keyboard"),
        ("No more", "Use the widget"),
    ]


def test_a_first_version_has_no_difference() -> None:
    groups = content.request_facts(request((hit(2, "usbhid"),), ()), None, (), keys=False)
    assert facts(groups, "What it would touch") == [
        ("Device 2", "replaces usbhid"),
        LATER,
    ]
    assert facts(groups, "What it may do") == [("Risky", "Make a keyboard")]


def test_a_version_that_matches_nothing_any_more_says_so() -> None:
    groups = content.request_facts(request((), (hit(1),)), approved(), (), keys=False)
    assert facts(groups, "What it would touch") == [
        ("Device 1", "no more: the approved version drives it"),
        LATER,
    ]


def test_what_was_not_there_when_it_asked_is_not_said_to_be_missing_now() -> None:
    groups = content.request_facts(request((), ()), None, (), keys=False)
    assert facts(groups, "What it would touch") == [
        ("", "No device that was there when it asked."),
        LATER,
    ]
    one = msgspec.structs.replace(request((hit(1),), ()), takes=True)
    groups = content.request_facts(one, None, (), keys=False)
    assert LATER not in facts(groups, "What it would touch"), "it asks for this one device"
