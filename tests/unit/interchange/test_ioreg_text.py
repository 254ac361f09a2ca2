"""`ioreg`'s text against output that was checked by hand against ioreg.c and real dumps."""

import pytest

from runtime.interchange.ioreg_text import Options, clipped, lines
from runtime.interchange.ioreg_values import Values
from runtime.model import properties
from runtime.model.entry import READY, Entry, State
from runtime.model.identity import EntryId
from runtime.model.properties import Properties, Value


def _entry(
    number: int, parent: int, name: str, cls: str, props: Properties | None = None, **more: object
) -> Entry:
    fields: dict[str, object] = {"state": int(READY), **more}
    raw = properties.encode(props or {})
    return Entry(EntryId(0x100000100 + number), parent and 0x100000100 + parent - 1, name, cls,
                 props=raw, **fields)  # type: ignore[arg-type]  # fmt: skip


# parent: number of the parent + 1, 0 for the root's
TREE = [
    _entry(0, 0, "Root", "IORegistryEntry", state=int(State.PLAIN), retain=15),
    _entry(1, 1, "Box", "IOPlatformExpertDevice", {"model": "Box"}, busy_ms=90659, retain=40),
    _entry(2, 2, "pci8086,1", "IOPCIDevice", {"vendor-id": b"\x86\x80\0\0"}, location="1f,3"),
    _entry(3, 3, "usbhid", "IOUSBHostHIDDevice", {}, state=0),
    _entry(4, 2, "IOResources", "IOResources", busy=1),
    _entry(5, 5, "My", "IOUserService", {"N": 1}, user_classes=("My", "IOService"), state=1 | 2),
]

PLAIN = """\
+-o Root  <class IORegistryEntry, id 0x100000100, retain 15>
  +-o Box  <class IOPlatformExpertDevice, id 0x100000101, registered, matched, active, busy 0 (90659 ms), retain 40>
    +-o pci8086,1@1f,3  <class IOPCIDevice, id 0x100000102, registered, matched, active, busy 0, retain 1>
    | +-o usbhid  <class IOUSBHostHIDDevice, id 0x100000103, !registered, !matched, active, busy 0, retain 1>
    +-o IOResources  <class IOResources, id 0x100000104, registered, matched, active, busy 1, retain 1>
      +-o My  <class IOUserService, id 0x100000105, registered, !matched, inactive, busy 0, retain 1>
"""  # noqa: E501 - ioreg's own lines

LISTED = """\
+-o Root  <class IORegistryEntry, id 0x100000100, retain 15>
  | {
  | }
  | 
  +-o Box  <class IOPlatformExpertDevice, id 0x100000101, registered, matched, active, busy 0 (90659 ms), retain 40>
    | {
    |   "model" = "Box"
    | }
    | 
    +-o pci8086,1@1f,3  <class IOPCIDevice, id 0x100000102, registered, matched, active, busy 0, retain 1>
    | | {
    | |   "vendor-id" = <86800000>
    | | }
    | | 
    | +-o usbhid  <class IOUSBHostHIDDevice, id 0x100000103, !registered, !matched, active, busy 0, retain 1>
    |     {
    |     }
    |     
    +-o IOResources  <class IOResources, id 0x100000104, registered, matched, active, busy 1, retain 1>
      | {
      | }
      | 
      +-o My  <class IOUserService, id 0x100000105, registered, !matched, inactive, busy 0, retain 1>
          {
            "N" = 1
          }
          
"""  # noqa: E501, W291, W293 - ioreg's own lines, with their trailing blanks

SUBTREE = """\
+-o pci8086,1@1f,3  <class IOPCIDevice, id 0x100000102, registered, matched, active, busy 0, retain 1>
  | {
  |   "vendor-id" = <86800000>
  | }
  | 
  +-o usbhid  <class IOUSBHostHIDDevice, id 0x100000103, !registered, !matched, active, busy 0, retain 1>

"""  # noqa: E501, W291 - ioreg's own lines

WITH_ANCESTORS = """\
+-o Root  <class IORegistryEntry, id 0x100000100, retain 15>
  +-o Box  <class IOPlatformExpertDevice, id 0x100000101, registered, matched, active, busy 0 (90659 ms), retain 40>
    +-o IOResources  <class IOResources, id 0x100000104, registered, matched, active, busy 1, retain 1>
      | {
      | }
      | 
      +-o My  <class IOUserService, id 0x100000105, registered, !matched, inactive, busy 0, retain 1>

"""  # noqa: E501, W291 - ioreg's own lines


def _text(options: Options) -> str:
    return "".join(line + "\n" for line in lines(TREE, options))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(), PLAIN),
        (Options(list_all=True), LISTED),
        (Options(roots=True, cls="IOPCIDevice"), SUBTREE),
        (Options(roots=True, name="IOResources", ancestors=True), WITH_ANCESTORS),
        (Options(roots=True), ""),
        (Options(depth=2), "".join(PLAIN.splitlines(keepends=True)[:2])),
    ],
)
def test_golden(options: Options, expected: str) -> None:
    assert _text(options) == expected


def test_criteria_are_anded_and_location_counts_only_with_an_at() -> None:
    def chosen(options: Options) -> bool:
        return "vendor-id" in _text(options)

    assert chosen(Options(name="pci8086,1"))
    assert chosen(Options(name="pci8086,1@1f,3", key="vendor-id", cls="IOService"))
    assert not chosen(Options(name="pci8086,1@"))
    assert not chosen(Options(name="pci8086,1", cls="IOUSBHostDevice"))


def test_user_classes_replace_the_kernels_unless_y() -> None:
    assert '"N"' in _text(Options(cls="My"))
    assert '"N"' not in _text(Options(cls="IOUserService"))
    assert '"N"' in _text(Options(cls="IOUserService", kernel_classes=True))


def test_a_match_inside_a_match_is_printed_once_but_below_the_depth_again() -> None:
    whole = _text(Options(roots=True, cls="IOService", kernel_classes=True))
    assert whole.count("+-o usbhid") == 1
    shallow = _text(Options(roots=True, cls="IOService", kernel_classes=True, depth=1))
    assert shallow.count("+-o ") == 5
    assert [line for line in shallow.splitlines() if "+-o" in line and line[0] != "+"] == []


def test_inheritance_and_hex() -> None:
    text = _text(Options(inheritance=True, hexadecimal=True, list_all=True))
    assert "<class IORegistryEntry, id" in text
    assert "<class IORegistryEntry:IOService:IOPCIDevice, id" in text
    assert '"N" = 0x1\n' in text


@pytest.mark.parametrize(
    ("width", "line", "shown"),
    [
        (0, "abcdef", "abcdef"),
        (7, "abcdef", "abcdef"),
        (6, "abcdef", "abcde$"),
        (1, "abcdef", "$"),
        (1, "", ""),
        (9, "a\nb", "a b"),
    ],
)
def test_clipping_at_the_width(width: int, line: str, shown: str) -> None:
    assert clipped(line, width) == shown


def test_clipping_counts_bytes() -> None:
    assert clipped("éé", 4).encode("utf-8", "surrogateescape") == b"\xc3\xa9\xc3$"


def test_bold_takes_no_room() -> None:
    narrow = next(lines(TREE, Options(width=7, bold=("<b>", "</b>"))))
    assert narrow == "+-o <b>Ro</b>$"
    wide = next(lines(TREE, Options(bold=("<b>", "</b>"))))
    assert wide.startswith("+-o <b>Root</b>  <class")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('a"b', '"a"b"'),
        (True, "Yes"),
        (False, "No"),
        (-1, "18446744073709551615"),
        ((1 << 64) - 1, "18446744073709551615"),
        ([1, "a", [True]], '(1,"a",(Yes))'),
        ({"k": {"b": b"\x01\x02"}}, '{"k"={"b"=<0102>}}'),
        (b"", "<>"),
        (b"a", "<61>"),
        (b"ab", '<"ab">'),
        (b"ab\0", '<"ab">'),
        (b"ab\0\0", "<61620000>"),
        (b"Q\0\0\0", "<51000000>"),
        (b"ab\0cd\0", '<"ab","cd">'),
        (b"\0ab", "<006162>"),
        (b"a\x01", "<6101>"),
        (b"abcd\xc3", '<"abcd\udcc3">'),
        (b"abc\xc3", "<616263c3>"),
        (b"abcd\xff", "<61626364ff>"),
    ],
)
def test_values(value: Value, shown: str) -> None:
    assert Values().show(value) == shown


def test_hex_never_shows_text() -> None:
    assert Values(hexadecimal=True).show(b"ab") == "<6162>"
    assert Values(hexadecimal=True).show(-1) == "0xffffffffffffffff"


def test_a_terminal_is_not_steered_by_a_device() -> None:
    assert Values(terminal=True).show("a\x1b[31m\x9bb\n") == '"a[31mb"'
    assert Values().show("a\x1b") == '"a\x1b"'
