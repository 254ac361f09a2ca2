"""Memory descriptors, return codes and entries of the SDK."""

import pytest

import runtime.driverkit as sdk
from runtime.driverkit import IOBufferMemoryDescriptor, IOReturnError, IOService, StringFromReturn
from runtime.driverkit.service import Entry
from runtime.model.kern_return import IOReturn


def test_a_buffer_is_seen_without_a_copy() -> None:
    buffer = IOBufferMemoryDescriptor.Create(8)
    buffer.GetAddressRange()[:2] = b"hi"
    assert bytes(buffer) == b"hi" + bytes(6)
    buffer.SetLength(2)
    assert (buffer.GetLength(), bytes(buffer)) == (2, b"hi")


@pytest.mark.parametrize("capacity", [0, -1, 65537])
def test_a_capacity_out_of_range_is_refused(capacity: int) -> None:
    with pytest.raises(IOReturnError) as caught:
        IOBufferMemoryDescriptor.Create(capacity)
    assert caught.value.code == sdk.kIOReturnBadArgument


def test_a_length_beyond_the_capacity_is_refused() -> None:
    with pytest.raises(IOReturnError, match="expected 0 to 8 bytes, found 9"):
        IOBufferMemoryDescriptor.Create(8).SetLength(9)


def test_every_return_code_has_its_apple_name() -> None:
    names = {StringFromReturn(code) for code in IOReturn}
    assert all(name.startswith(("kIOReturn", "kUSBHostReturn")) for name in names)
    assert names <= set(sdk.__all__)
    assert StringFromReturn(0xE0001234) == "0xe0001234"


def test_a_provider_has_none_itself() -> None:
    with pytest.raises(IOReturnError, match="is a provider itself"):
        IOService(Entry(1, "Interface")).GetProvider()


def test_outside_of_a_driver_process_the_sdk_says_so() -> None:
    with pytest.raises(RuntimeError, match="expected to run in a driver process"):
        sdk.IOLog("nobody listens")


def test_all_names_exist() -> None:
    assert all(hasattr(sdk, name) for name in sdk.__all__)
