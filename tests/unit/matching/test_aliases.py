"""Kernel aliases: their scores, and that the index finds what a naive scan finds."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.matching import aliases
from runtime.matching.specificity import LAYOUTS, alias_parts

KEYBOARD = "usb:v046DpC52Bd1211dc00dsc00dp00ic03isc01ip01in00"


@pytest.mark.parametrize(
    ("pattern", "score"),
    [
        ("usb:v046DpC52Bd1211dc*dsc*dp*ic*isc*ip*in00*", 100_000),
        ("usb:v046DpC52Bd1211dc*dsc*dp*ic*isc*ip*in*", 99_000),
        ("usb:v046DpC52Bd12[0-1]*dc*dsc*dp*ic*isc*ip*in*", 98_500),
        ("usb:v046DpC52Bd*dc*dsc*dp*ic*isc*ip*in00*", 90_000),
        ("usb:v046DpC52Bd*dc*dsc*dp*ic*isc*ip*in*", 89_000),
        ("usb:v046DpC52Bd*dc*dsc*dp*ic03isc01ip01in*", 89_300),
        ("usb:v046Dp*d*dc*dsc*dp*icFFisc42ip01in*", 80_100),
        ("usb:v046Dp*d*dc*dsc*dp*icFFisc42ip*in*", 70_100),
        ("usb:v046Dp*d*dc*dsc*dp*ic*isc*ip*in*", 69_000),
        ("usb:v*p*d*dc*dsc*dp*ic03isc01ip01in*", 60_000),
        ("usb:v*p*d*dc*dsc*dp*ic03isc01ip*in*", 50_000),
        ("usb:v*p*d*dc*dsc*dp*ic03isc*ip*in*", 49_000),
        ("usb:v*p*d*dcE0dsc01dp01ic*isc*ip*in*", 59_000),
        ("usb:v*p*d*dc09dsc*dp*ic*isc*ip*in*", 48_000),
        ("usb:v*p*d*dc*dsc*dp*ic*isc*ip*in*", 0),
        ("pci:v00008086d00001533sv*sd*bc*sc*i*", 1000),
        ("pci:v00008086d00001533sv00008086sd00000001bc*sc*i*", 2000),
        ("pci:v00008086d*sv*sd*bc04sc03i00*", 800),
        ("pci:v*d*sv*sd*bc0Csc03i30*", 300),
        ("hid:b0003g*v0000056Ap00000374", 7000),
        ("hid:b0018g0004v*p*", 1100),
        ("hid:b*g*v*p*", 0),
        ("acpi*:PNP0C0A:*", 500),
        ("platform:i2c_designware", 1000),
        ("usb:*", 0),
        ("usbfunc:ffs", 1000),
    ],
)
def test_each_kind_of_pattern_has_its_score(pattern: str, score: int) -> None:
    assert sum(points for _, points in alias_parts(pattern)) == score
    (kext,) = aliases.build(f"alias {pattern} module\n")
    assert kext == aliases.Kext("module", pattern, score)


def test_a_look_up_is_ordered_by_score_and_then_by_coming() -> None:
    index = aliases.build(
        "# a comment\n"
        "alias usb:v*p*d*dc*dsc*dp*ic03isc*ip*in* usbhid\n"
        "alias usb:v046DpC52Bd*dc*dsc*dp*ic*isc*ip*in* second\n"
        "alias usb:v046DpC52Bd*dc*dsc*dp*ic*isc*ip*in* third\n"
        "alias usb:v046DpC52Bd12[0-1]*dc*dsc*dp*ic*isc*ip*in* first\n"
        "alias usb:v046DpC52Bd0[0-1]*dc*dsc*dp*ic*isc*ip*in* older\n"
        "broken line of a file\n"
    )
    assert [k.module for k in index.look_up(KEYBOARD)] == ["first", "second", "third", "usbhid"]
    winner = index.winner(KEYBOARD)
    assert winner is not None
    assert winner.module == "first"
    assert index.winner("usb:v0001") is None


def test_a_dash_is_an_underscore() -> None:
    index = aliases.build("alias platform:i2c_mux-gpio mux\n")
    assert [k.module for k in index.look_up("platform:i2c-mux_gpio")] == ["mux"]


def test_an_old_kernel_writes_the_last_field_of_pci_in_small_letters() -> None:
    index = aliases.build(
        "alias pci:v00008086d*sv*sd*bc01sc01i* piix\nalias pci:v*d*sv*sd*bc*sc*i8F b"
    )
    device = "pci:v00008086d00003A20sv00001043sd000082D4bc01sc01i8f"
    assert [kext.module for kext in index.look_up(device)] == ["piix"]


def test_the_cache_holds_the_same_index_and_nothing_else_is_one() -> None:
    index = aliases.build(f"alias {KEYBOARD} one\nalias acpi*:PNP0C0A:* two\n")
    again = aliases.load(index.dump())
    assert again is not None
    assert list(again) == list(index)
    assert again.look_up(KEYBOARD) == index.look_up(KEYBOARD)
    assert aliases.load(b"") is None
    assert aliases.load(index.dump()[:-3]) is None
    assert aliases.load(b"\x96\x63\xa0\xa0\x80\x80\x90") is None
    assert len(aliases.build("")) == 0


def _fields(draw: st.DrawFn, bus: str, *, pattern: bool) -> str:
    """A modalias or a pattern of a bus, of few digits, so that they meet."""
    text = f"{bus}:"
    for name, width in LAYOUTS[bus]:
        value = "0" * (width - 1) + draw(st.sampled_from("12A"))
        if pattern:
            value = draw(st.sampled_from(["*", "*", value, value[:-1] + "[1-2]", value[:-1] + "?"]))
        text += name + value
    return text + (draw(st.sampled_from(["*", ""])) if pattern else "")


@st.composite
def _cases(draw: st.DrawFn) -> tuple[list[str], str]:
    bus = draw(st.sampled_from([*LAYOUTS, "acpi", "of"]))
    if bus in LAYOUTS:
        patterns = [_fields(draw, bus, pattern=True) for _ in range(draw(st.integers(0, 8)))]
        return patterns, _fields(draw, bus, pattern=False)
    words = st.sampled_from(["PNP0", "PNP0C0A", "LNX", "a-b", "fsl,imx6", "T"])
    texts = st.lists(words, min_size=1, max_size=3).map(":".join)
    stars = st.lists(st.one_of(words, st.just("*")), min_size=1, max_size=4).map("".join)
    patterns = draw(st.lists(stars.map(lambda text: f"{bus}*{text}"), max_size=8))
    return patterns, f"{bus}:" + draw(texts) + draw(st.sampled_from(["", ":"]))


@given(_cases())
def test_the_index_finds_what_a_naive_scan_finds(case: tuple[list[str], str]) -> None:
    patterns, modalias = case
    modules = [f"m{number}" for number in range(len(patterns))]
    index = aliases.index(patterns, modules)
    naive = [
        (-sum(points for _, points in alias_parts(pattern)), number)
        for number, pattern in enumerate(patterns)
        if fnmatch.fnmatchcase(modalias.replace("-", "_"), pattern.replace("a-b", "a_b"))
    ]
    expected = [(modules[number], -score) for score, number in sorted(naive)]
    assert [(kext.module, kext.score) for kext in index.look_up(modalias)] == expected
    assert all(aliases.matches(kext.pattern, modalias) for kext in index.look_up(modalias))
