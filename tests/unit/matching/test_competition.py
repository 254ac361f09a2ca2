"""Driver extensions and kernel modules in one list, and what is said of each."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.matching import Catalogue, Provider, match
from runtime.matching.aliases import Kext
from runtime.matching.competition import candidates, devices, kernel_score
from runtime.matching.rank import explain
from runtime.model import match_words
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.personality import DEFAULT_CATEGORY, Personality
from runtime.model.properties import Properties

CHAIN = ("IOUSBHostInterface", "IOService", "IORegistryEntry", "OSObject")
KEYBOARD: Properties = {
    "idVendor": 0x1209,
    "idProduct": 1,
    "bcdDevice": 0x100,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
    "bInterfaceClass": 3,
    "bInterfaceSubClass": 1,
    "bInterfaceProtocol": 1,
}
PRODUCT: Properties = {
    "idVendor": 0x1209,
    "idProduct": 1,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
}
USBHID = Kext("usbhid", "usb:v*p*d*dc*dsc*dp*ic03isc*ip*in*", 49_000)
SPECIAL = Kext("hid_special", "usb:v1209p0001d*dc*dsc*dp*ic*isc*ip*in*", 89_000)


def provider(number: int = 7, driver: str = "", score: int = 0, **more: int) -> Provider:
    return Provider(
        EntryId(number), "Keyboard", CHAIN, {**KEYBOARD, **more}, "", "", (), driver, score
    )


def personality(name: str, keys: Properties, cls: str = "IOUSBHostInterface") -> Personality:
    table: Properties = {"IOProviderClass": cls, **keys}
    return Personality(name, f"com.example.{name}", cls, name, table)


def catalogue(*personalities: Personality) -> Catalogue:
    made = Catalogue()
    for one in personalities:
        made.add(BundleId(one.bundle_id), [one])
    return made


def outcomes(found: tuple[Match, ...]) -> list[tuple[str, str]]:
    return [(each.personality, match_words.outcome(each)) for each in found]


def test_an_extension_with_the_higher_score_would_replace_the_bound_kernel_driver() -> None:
    found = candidates(
        provider(driver="usbhid", score=49_000),
        catalogue(personality("exact", PRODUCT)),
        [SPECIAL, USBHID],
    )
    assert outcomes(found) == [
        ("exact", "would replace"),
        ("hid_special", "loses"),
        ("usbhid", "drives it"),
    ]
    assert found[0].displaces == "usbhid"
    assert found[1].holder == "usbhid"
    assert found[2].bundle_id == KERNEL


def test_an_equal_score_does_not_replace_it() -> None:
    keys: Properties = {"bInterfaceClass": 3, "bInterfaceSubClass": 1}
    kext = Kext("usbhid", "usb:v*p*d*dc*dsc*dp*ic03isc01ip*in*", 50_000)
    found = candidates(
        provider(driver="usbhid", score=50_000), catalogue(personality("broad", keys)), [kext]
    )
    assert outcomes(found) == [("usbhid", "drives it"), ("broad", "loses")]
    assert found[1].holder == "usbhid"


def test_a_running_extension_is_never_evicted_not_even_by_a_better_module() -> None:
    broad: Properties = {"bInterfaceClass": 3, "bInterfaceSubClass": 1}
    found = candidates(
        provider(), catalogue(personality("broad", broad)), [SPECIAL], {DEFAULT_CATEGORY: "broad"}
    )
    assert outcomes(found) == [("hid_special", "loses"), ("broad", "drives it")]
    assert found[0].holder == "broad"


def test_what_fails_follows_with_its_key_and_then_what_is_of_another_kind() -> None:
    found = candidates(
        provider(),
        catalogue(
            personality("elsewhere", {}, "IOPCIDevice"),
            personality("other", {**PRODUCT, "idProduct": 2}),
        ),
        [USBHID],
    )
    assert outcomes(found) == [
        ("usbhid", "could drive it"),
        ("other", "does not fit"),
        ("elsewhere", "other kind"),
    ]
    sentence = match_words.reason(found[1])
    assert sentence.template.format(**sentence.fields) == (
        "idProduct has to be 2, the device has 1"
    )
    remedy = match_words.remedy(found[1])
    assert remedy.template.format(**remedy.fields) == (
        "the personality would have to say 1 for idProduct"
    )


def test_a_driver_that_is_called_otherwise_than_its_module_is_there_all_the_same() -> None:
    found = candidates(provider(driver="hub", score=49_000), catalogue(), [USBHID])
    assert outcomes(found) == [("usbhid", "loses"), ("hub", "drives it")]
    assert kernel_score("hub", [USBHID], "IOUSBHostInterface") == 49_000


@pytest.mark.parametrize(
    ("driver", "kexts", "cls", "score"),
    [
        ("usbhid", [SPECIAL, USBHID], "IOUSBHostInterface", 49_000),
        ("hid-special", [SPECIAL, USBHID], "IOUSBHostInterface", 89_000),
        ("usbhid", [], "IOUSBHostInterface", 60_000),
        ("ahci", [], "IOPCIDevice", 1000),
    ],
)
def test_the_score_of_a_bound_driver(driver: str, kexts: list[Kext], cls: str, score: int) -> None:
    assert kernel_score(driver, kexts, cls) == score


def test_one_extension_against_every_device_names_the_nearest_failure() -> None:
    near, far = provider(1, idProduct=2), provider(2, idVendor=9)
    fits = provider(3)
    own = [
        personality("exact", PRODUCT),
        personality("pci", {}, "IOPCIDevice"),
    ]
    found = devices(own, [near, far, fits])
    assert [(each.id, match.stage, match.key) for each, match in found] == [
        (3, MatchStage.MATCHED, ""),
        (1, MatchStage.PROPERTIES, "idProduct"),
        (2, MatchStage.PROPERTIES, "idVendor"),
    ]


def test_parts_add_up_to_the_score() -> None:
    one = personality("exact", {**PRODUCT, "idProduct": "*"})
    told = explain(provider(), msgspec.structs.replace(one, probe_score=300))
    assert told.parts == (
        ("idVendor + idProduct + bConfigurationValue + bInterfaceNumber", 90_000),
        ("any idProduct", -1000),
        ("IOProbeScore", 300),
    )
    assert told.score == sum(points for _, points in told.parts)
    assert match_words.scored(told).startswith("89300 = idVendor")


_VALUES = st.sampled_from([0, 1, 3, 0x1209, "*", "0x1209", [1, 3]])
_TABLES = st.dictionaries(
    st.sampled_from(
        [*KEYBOARD, "IONameMatch", "VendorID", "IOPropertyMatch", "idProductArray", "idProductMask"]
    ),
    st.one_of(_VALUES, st.sampled_from(["Keyboard", "Mouse", ["Mouse", "Keyboard"]])),
    max_size=5,
)
_CLASSES = st.sampled_from([*CHAIN, "IOUSBHostDevice", "IOHIDDevice", "IOPCIDevice"])


@given(
    st.lists(st.tuples(_TABLES, _CLASSES), max_size=8),
    _CLASSES,
    st.dictionaries(
        st.sampled_from([*KEYBOARD, "VendorID"]), st.sampled_from([0, 1, 3, 0x1209, "1", "0x1209"])
    ),
)
def test_the_narrowed_catalogue_leaves_out_nothing_that_matches(
    rows: list[tuple[Properties, str]], cls: str, has: Properties
) -> None:
    held = catalogue(
        *(personality(f"p{number}", keys, cls) for number, (keys, cls) in enumerate(rows))
    )
    entry = Provider(EntryId(1), "Keyboard", (cls, "IOService", "OSObject"), has)
    whole, narrow = match(entry, held), match(entry, held, narrow=True)
    assert narrow.candidates == whole.candidates
    assert narrow.winners == whole.winners
