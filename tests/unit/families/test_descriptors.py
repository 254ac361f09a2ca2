"""Raw USB descriptors: what is sound is read whole, and nothing that a device says is believed."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.families.usb import descriptors
from runtime.model.errors import BreachError
from runtime.model.usb import EndpointDescriptor, TransferType

DEVICE = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, 8, 0x403, 0x6001, 0x400, 1, 2, 4, 1)
FTDI = bytes.fromhex("0902200001010280320904000002ffffff020705810240000007050202400000")


def test_an_adapter_of_two_endpoints() -> None:
    device = descriptors.parse(DEVICE + FTDI, ("QEMU", "Serial", "1"))
    assert (device.vendor, device.product, device.product_name) == (0x403, 0x6001, "Serial")
    (configuration,) = device.configurations
    assert (configuration.value, configuration.max_power) == (1, 50)
    (interface,) = configuration.interfaces
    assert interface.cls == 0xFF
    assert interface.endpoints == (
        EndpointDescriptor(0x81, 2, 64, 0),
        EndpointDescriptor(0x02, 2, 64, 0),
    )
    assert interface.endpoints[0].transfer_type is TransferType.BULK


@given(noise=st.binary(max_size=300))
def test_noise_behind_a_device_is_bounded_by_its_length(noise: bytes) -> None:
    device = descriptors.parse(DEVICE + noise)
    interfaces = [each for one in device.configurations for each in one.interfaces]
    endpoints = sum(len(interface.endpoints) for interface in interfaces)
    assert 9 * len(device.configurations) + 9 * len(interfaces) + 7 * endpoints <= len(noise)


@given(kept=st.integers(0, len(FTDI)))
def test_a_cut_configuration_is_read_as_far_as_it_goes(kept: int) -> None:
    whole = descriptors.parse(DEVICE + FTDI).configurations
    cut = descriptors.parse(DEVICE + FTDI[:kept]).configurations
    assert len(cut) == (kept >= 9)
    if cut and cut[0].interfaces:
        found, wanted = cut[0].interfaces[0], whole[0].interfaces[0]
        assert found.endpoints == wanted.endpoints[: len(found.endpoints)]


@given(raw=st.binary(max_size=40))
def test_no_device_descriptor_is_a_breach(raw: bytes) -> None:
    try:
        device = descriptors.parse(raw)
    except BreachError:
        return
    assert raw[1] == 1
    assert len(raw) >= 18
    assert device.vendor == int.from_bytes(raw[8:10], "little")


def test_nothing_at_all() -> None:
    with pytest.raises(BreachError, match="expected a device's first"):
        descriptors.parse(b"")
