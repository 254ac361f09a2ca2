"""The simulated USB controller: what is plugged into which port, and how it stands in the tree.

Invariant: knows no registry; it describes entries as `Node`s, and the engine attaches them.
"""

from typing import Protocol

import msgspec

from runtime.families.simulated.models import MODELS
from runtime.model.errors import ProblemError
from runtime.model.properties import Properties
from runtime.model.usb import (
    ConfigurationDescriptor,
    DeviceDescriptor,
    InterfaceDescriptor,
    Speed,
)

PORTS = 8
CONTROLLER_LOCATION = 0x80000000  # locationID of the root: bus 0x80, which no real bus here has


class Node(msgspec.Struct, frozen=True):
    """One entry to attach, with those below it. `interface` is set on what can be driven."""

    name: str
    cls: str
    location: str
    properties: Properties
    children: tuple["Node", ...] = ()
    interface: int = -1


class Described(Protocol):
    """What the tree shows of a device, whoever answers for it."""

    @property
    def speed(self) -> Speed:
        """How fast its port runs."""

    @property
    def descriptor(self) -> DeviceDescriptor:
        """Its descriptor with all configurations."""

    @property
    def configuration(self) -> ConfigurationDescriptor:
        """The active configuration."""


class Attachment:
    """A device in a port, until it is unplugged. `model` names it for `unplug`."""

    def __init__(self, model: str, port: int, device: Described) -> None:
        self.model = model
        self.port = port
        self._device = device

    def node(self) -> Node:
        """The device's entry with its interfaces below."""
        return _device_node(self._device, self.port)


class SimulatedBus:
    """One controller with `PORTS` ports."""

    def __init__(self) -> None:
        self._ports: dict[int, Attachment] = {}

    def node(self) -> Node:
        """The controller's entry with its ports below."""
        ports = tuple(
            Node(
                name=f"PRT{port}",
                cls="IOUSBHostPort",
                location=f"{_location(port):08x}",
                properties={"port": port, "locationID": _location(port), "Simulated": True},
            )
            for port in range(1, PORTS + 1)
        )
        return Node(
            name="SimulatedUSB",
            cls="IOUSBHostController",
            location=f"{CONTROLLER_LOCATION >> 24:02x}000000",
            properties={"locationID": CONTROLLER_LOCATION, "Simulated": True},
            children=ports,
        )

    def plug(self, model: str) -> Attachment:
        """Put a device of this model into the first free port.

        Raises:
            ProblemError: ``not-found``, no such model; ``busy``, every port is taken.
        """
        if model not in MODELS:
            raise ProblemError(
                "not-found",
                f"simulated device {model!r}: expected one of {', '.join(MODELS)}, found no such",
            )
        return self.attach(model, MODELS[model]())

    def attach(self, model: str, device: Described) -> Attachment:
        """Put a device into the first free port; `model` names it for `unplug`.

        Raises:
            ProblemError: ``busy``, every port is taken.
        """
        for port in range(1, PORTS + 1):
            if port not in self._ports:
                attachment = Attachment(model, port, device)
                self._ports[port] = attachment
                return attachment
        raise ProblemError("busy", f"simulated controller: all {PORTS} ports are taken")

    def unplug(self, model: str) -> Attachment:
        """Take out the device of this model that was plugged last.

        Raises:
            ProblemError: ``not-found``, none is plugged.
        """
        plugged = [item for item in self._ports.values() if item.model == model]
        if not plugged:
            raise ProblemError("not-found", f"simulated device {model!r}: none is plugged in")
        attachment = plugged[-1]
        del self._ports[attachment.port]
        return attachment


def _location(port: int) -> int:
    return CONTROLLER_LOCATION | port << 20


def _device_node(device: Described, port: int) -> Node:
    d = device.descriptor
    identity: Properties = {
        "idVendor": d.vendor,
        "idProduct": d.product,
        "bcdDevice": d.device_version,
        "locationID": _location(port),
        "Device Speed": int(device.speed),
        "USB Vendor Name": d.manufacturer,
        "USB Product Name": d.product_name,
        "USB Serial Number": d.serial,
        "Simulated": True,
    }
    return Node(
        name=d.product_name or "IOUSBHostDevice",
        cls="IOUSBHostDevice",
        location=f"{_location(port):08x}",
        properties={
            **identity,
            "bcdUSB": d.usb_version,
            "bDeviceClass": d.cls,
            "bDeviceSubClass": d.subclass,
            "bDeviceProtocol": d.protocol,
            "bMaxPacketSize0": d.max_packet_size,
            "bNumConfigurations": len(d.configurations),
            "kUSBCurrentConfiguration": device.configuration.value,
        },
        children=tuple(
            _interface_node(interface, identity, device.configuration.value)
            for interface in device.configuration.interfaces
            if interface.alternate == 0
        ),
    )


def _interface_node(
    interface: InterfaceDescriptor, identity: Properties, configuration: int
) -> Node:
    return Node(
        name="IOUSBHostInterface",
        cls="IOUSBHostInterface",
        location=f"{interface.number:x}",
        interface=interface.number,
        properties={
            **identity,
            "bInterfaceNumber": interface.number,
            "bAlternateSetting": interface.alternate,
            "bInterfaceClass": interface.cls,
            "bInterfaceSubClass": interface.subclass,
            "bInterfaceProtocol": interface.protocol,
            "bConfigurationValue": configuration,
            "bNumEndpoints": len(interface.endpoints),
        },
    )
