"""Return codes and entries of the SDK."""

import pytest

import runtime.driverkit as sdk
from runtime.driverkit import IOReturnError, IOService, StringFromReturn
from runtime.driverkit.entry import Entry
from runtime.model.kern_return import IOReturn


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
