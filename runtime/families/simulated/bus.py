"""The simulated USB controller: what is plugged into which port, and how it stands in the tree.

Invariant: knows no registry; it describes entries as `Node`s, and the engine attaches them.
"""

from runtime.families.simulated.catalogue import MODELS
from runtime.families.simulated.nodes import (
    CONTROLLER_LOCATION,
    Described,
    Node,
    device_node,
    location_id,
)
from runtime.model.errors import ProblemError

PORTS = 8


class Attachment:
    """A device in a port, until it is unplugged. `model` names it for `unplug`."""

    def __init__(self, model: str, port: int, device: Described) -> None:
        self.model = model
        self.port = port
        self._device = device

    def node(self) -> Node:
        """The device's entry with what is below it."""
        return device_node(self._device, self.port)


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
                location=f"{location_id(port):08x}",
                properties={"port": port, "locationID": location_id(port), "Simulated": True},
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
        return self.take(plugged[-1].port)

    def take(self, port: int) -> Attachment:
        """Take out what is in a port; KeyError: nothing is."""
        return self._ports.pop(port)
