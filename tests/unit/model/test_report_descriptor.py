"""Report descriptors: which usages they name, and that no bytes are too bad."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model.hid import Collection, Usage
from runtime.model.report_descriptor import (
    MOST_USAGES,
    collections,
    device_usages,
    primary_usage,
)

KEYBOARD = bytes.fromhex("05010906a101 0507 19e029e7 8102 c0")
MOUSE = bytes.fromhex("05010902a1010901a100 0509 19012903 8102 c0c0")
FIDO = bytes.fromhex("06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0")
LOGICAL = bytes.fromhex("050d0904a10109 22a102c00922a102c0c0")
PAGE_IN_USAGE = bytes.fromhex("0501 0b0100d0f1 a101 c0")
PUSHED = bytes.fromhex("0501 a4 050d 0902 a101c0 b4 0902 a101c0")
LONG_ITEM = bytes.fromhex("fe03aa010203") + KEYBOARD
ONLY_LOGICAL = bytes.fromhex("0600ff0980a102c0")


@pytest.mark.parametrize(
    ("descriptor", "usages"),
    [
        (KEYBOARD, [(1, 6)]),
        (MOUSE, [(1, 2), (1, 1)]),
        (KEYBOARD + MOUSE + KEYBOARD, [(1, 6), (1, 2), (1, 1)]),
        (FIDO, [(0xF1D0, 1)]),
        (LOGICAL, [(13, 4)]),
        (PAGE_IN_USAGE, [(0xF1D0, 1)]),
        (PUSHED, [(13, 2), (1, 2)]),
        (LONG_ITEM, [(1, 6)]),
        (ONLY_LOGICAL, [(0xFF00, 0x80)]),
        (b"", []),
        (KEYBOARD[:3], []),
        (KEYBOARD[:6], [(1, 6)]),
        (b"\xa1\x01", [(0, 0)]),
        (b"\x07\x01", []),
        (b"\xfe", []),
    ],
)
def test_usages_are_those_of_application_and_physical_collections(
    descriptor: bytes, usages: list[tuple[int, int]]
) -> None:
    assert device_usages(descriptor) == usages
    assert primary_usage(descriptor) == (usages[0] if usages else None)


def test_collections_say_their_kind_and_depth() -> None:
    assert list(collections(MOUSE)) == [
        Collection(Usage(1, 2), 1, 0),
        Collection(Usage(1, 1), 0, 1),
    ]
    assert [each.depth for each in collections(LOGICAL)] == [0, 1, 1]


@given(st.binary(max_size=400))
def test_any_bytes_give_what_could_be_read(descriptor: bytes) -> None:
    usages = device_usages(descriptor)
    assert len(usages) == len(set(usages)) <= MOST_USAGES
    assert all(0 <= each.page <= 0xFFFF and 0 <= each.usage <= 0xFFFF for each in usages)
    assert (primary_usage(descriptor) is None) == (not usages)


def test_a_descriptor_of_collections_alone_is_bounded() -> None:
    descriptor = b"".join(b"\x0a" + n.to_bytes(2, "little") + b"\xa1\x01" for n in range(800))
    assert len(device_usages(descriptor)) == MOST_USAGES
