"""What a driver of one interface may send to endpoint 0, request by request."""

import pytest

from runtime.families.usb import guard
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import (
    ConfigurationDescriptor,
    ControlRequest,
    EndpointDescriptor,
    InterfaceDescriptor,
)

OWN = InterfaceDescriptor(1, 0, 0xFF, 0, 0, 0, (EndpointDescriptor(0x82, 2, 64, 0),))


@pytest.mark.parametrize(
    ("kind", "request_", "index"),
    [
        pytest.param(0x80, 6, 0, id="a descriptor of the device"),
        pytest.param(0x81, 6, 1, id="a descriptor of its interface"),
        pytest.param(0x82, 0, 0x82, id="the status of its endpoint"),
        pytest.param(0x02, 1, 0x82, id="clear the halt of its endpoint"),
        pytest.param(0x21, 9, 1, id="a class request to its interface"),
        pytest.param(0x40, 3, 2, id="a vendor request to the device"),
        pytest.param(0x41, 3, 1, id="a vendor request to its interface"),
    ],
)
def test_let_through(kind: int, request_: int, index: int) -> None:
    guard.check(ControlRequest(kind, request_, 0, index, 0), OWN, shared=False)


@pytest.mark.parametrize(
    ("kind", "request_", "index"),
    [
        pytest.param(0x00, 9, 0, id="set configuration"),
        pytest.param(0x00, 5, 0, id="set address"),
        pytest.param(0x00, 3, 0, id="set a feature of the device"),
        pytest.param(0x03, 9, 0, id="set configuration of nobody in particular"),
        pytest.param(0x01, 11, 1, id="set its interface"),
        pytest.param(0x01, 11, 0, id="set another interface"),
        pytest.param(0x82, 0, 0x81, id="the status of another endpoint"),
        pytest.param(0x02, 3, 0x81, id="halt another endpoint"),
        pytest.param(0x02, 1, 0x02, id="the other direction of its endpoint's number"),
        pytest.param(0x21, 9, 0, id="a class request to another interface"),
        pytest.param(0xC1, 3, 0, id="a vendor request to another interface"),
        pytest.param(0x21, 9, 0x0100, id="another interface, with an entity in the high byte"),
    ],
)
def test_refused(kind: int, request_: int, index: int) -> None:
    with pytest.raises(ReturnError) as refused:
        guard.check(ControlRequest(kind, request_, 0, index, 0), OWN, shared=False)
    assert refused.value.code == IOReturn.NOT_PERMITTED


@pytest.mark.parametrize("kind", [0x40, 0xC0, 0x20, 0xA3])
def test_requests_to_a_device_that_another_driver_has_a_part_of(kind: int) -> None:
    guard.check(ControlRequest(kind, 3, 0, 0, 0), OWN, shared=False)
    with pytest.raises(ReturnError, match="another driver has an interface"):
        guard.check(ControlRequest(kind, 3, 0, 0, 0), OWN, shared=True)


def test_what_is_of_the_whole_device_needs_an_only_interface() -> None:
    again = InterfaceDescriptor(1, 1, 0xFF, 0, 0)
    guard.check_alone(ConfigurationDescriptor(1, 0, 0, (OWN, again)), "Reset")
    other = InterfaceDescriptor(0, 0, 0xFF, 0, 0)
    with pytest.raises(ReturnError, match="Reset: expected a device of one interface, found 2"):
        guard.check_alone(ConfigurationDescriptor(1, 0, 0, (OWN, other)), "Reset")
