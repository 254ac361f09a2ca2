"""Runs in the guest: a USB device made of Python, in a port of the kernel's virtual controller.

The kernel enumerates it, binds drivers to it, and makes its usbfs node, as with any other.
Arguments: `MODEL [TRICK [NUMBER]]`, a simulated model and what it does wrong (`hostile.TRICKS`).
Prints one line when it is in its port; ends when it is killed.
Source: Linux Documentation/usb/usbip_protocol.rst, drivers/usb/usbip/vhci_sysfs.c.
Invariant: every URB is answered once, unless it was unlinked.
"""

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from runtime.families.simulated.device import SimulatedDevice
from runtime.families.simulated.models import MODELS
from runtime.families.simulated.pipe import SimulatedPipe
from runtime.families.usb.provider import End, Transfer
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest, parse_setup
from tests.kernel.guest.hostile import TRICKS, Trick

VHCI = Path("/sys/devices/platform/vhci_hcd.0")
FULL_SPEED = 2  # enum usb_device_speed
_BASIC = struct.Struct(">5I")  # command, seqnum, devid, direction, endpoint
_SUBMIT = struct.Struct(">IiIiI8s")  # flags, length, start frame, packets, interval, SETUP
_RETURN = struct.Struct(">iiIiI8x")  # status, actual length, start frame, packets, errors
_PACKET = struct.Struct(">IIIi")  # offset, length, actual length, status
_HEADER = 48
_CMD_SUBMIT, _CMD_UNLINK, _RET_SUBMIT, _RET_UNLINK = 1, 2, 3, 4
_SET_CONFIGURATION, _SET_INTERFACE, _CLEAR_FEATURE = (0x00, 9), (0x01, 11), (0x02, 1)
_STATUS = {
    IOReturn.SUCCESS: 0,
    IOReturn.USB_PIPE_STALLED: -errno.EPIPE,
    IOReturn.ABORTED: -errno.ECONNRESET,
    IOReturn.OVERRUN: -errno.EOVERFLOW,
}


class Urb:
    """One URB of the kernel, until it is answered."""

    def __init__(self, number: int, endpoint: int, fields: bytes) -> None:
        self.number = number
        self.endpoint = endpoint
        _, self.length, _, packets, _, self.setup = _SUBMIT.unpack(fields)
        self.count = max(packets, 0)
        self.packets: list[tuple[int, int]] = []  # offset and length

    @property
    def is_input(self) -> bool:
        """Whether the device sends."""
        return bool(self.endpoint & 0x80)


class Port:
    """A device in a port: what the kernel sends is carried out by a simulated device."""

    def __init__(self, device: SimulatedDevice, trick: Trick) -> None:
        self._device = device
        self._trick = trick
        self._pipes: dict[int, SimulatedPipe] = {}
        self._open: dict[int, tuple[SimulatedPipe, Transfer] | None] = {}

    async def serve(self, sock: socket.socket) -> None:
        """Answer until the kernel, or the trick, ends it."""
        reader, self._writer = await asyncio.open_connection(sock=sock)
        try:
            while not self._trick.over:
                header = await reader.readexactly(_HEADER)
                command, number, _, into, endpoint = _BASIC.unpack_from(header)
                address = endpoint | (0x80 if into else 0)
                if command == _CMD_UNLINK:
                    (victim,) = struct.unpack_from(">I", header, _BASIC.size)
                    self._unlink(number, victim)
                    continue
                urb = Urb(number, address, header[_BASIC.size : _BASIC.size + _SUBMIT.size])
                data = b"" if urb.is_input else await reader.readexactly(urb.length)
                for _ in range(urb.count):
                    offset, length, _, _ = _PACKET.unpack(await reader.readexactly(_PACKET.size))
                    urb.packets.append((offset, length))
                await self._carry_out(urb, data)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the kernel has let go of it
        self._writer.close()

    async def _carry_out(self, urb: Urb, data: bytes) -> None:
        if urb.endpoint & 0x7F == 0:
            request = parse_setup(urb.setup)
            self._open[urb.number] = None
            try:
                read = self._trick.control(request, await self._control(request, data))
            except ReturnError as error:
                self._answer(urb, End(error.code))
            else:
                moved = len(read) if request.request_type & 0x80 else len(data)
                self._answer(urb, End(IOReturn.SUCCESS, moved, read))
            return
        frames = tuple(length for _, length in urb.packets)
        transfer = Transfer(urb.length, data, lambda end: self._answer(urb, end), frames)
        self._open[urb.number] = None
        try:
            self._trick.transfer()
            pipe = self._pipe(urb.endpoint)
            self._open[urb.number] = (pipe, transfer)
            pipe.submit(transfer, 0)
        except ReturnError as error:
            self._answer(urb, End(error.code))

    async def _control(self, request: ControlRequest, data: bytes) -> bytes:
        match (request.request_type, request.request):
            case kind if kind == _SET_CONFIGURATION:
                self._device.set_configuration(request.value & 0xFF)
            case kind if kind == _SET_INTERFACE:
                self._device.select(request.index, request.value)
            case kind if kind == _CLEAR_FEATURE:
                self._pipe(request.index & 0xFF).clear_stall()
            case _:
                return await self._device.control(request, data, 0)
        return b""

    def _pipe(self, address: int) -> SimulatedPipe:
        for interface in self._device.configuration.interfaces:
            for endpoint in interface.endpoints:
                if endpoint.address == address and address not in self._pipes:
                    self._pipes[address] = self._device.pipe(endpoint)
        if address not in self._pipes:
            raise ReturnError(IOReturn.USB_PIPE_STALLED)
        return self._pipes[address]

    def _unlink(self, number: int, victim: int) -> None:
        status = 0
        if victim in self._open:
            queued = self._open.pop(victim)
            if queued is not None:
                pipe, transfer = queued
                pipe.withdraw(transfer)
            status = -errno.ECONNRESET
        self._send(_BASIC.pack(_RET_UNLINK, number, 0, 0, 0) + _RETURN.pack(status, 0, 0, 0, 0))

    def _answer(self, urb: Urb, end: End) -> None:
        if urb.number not in self._open:
            return
        del self._open[urb.number]
        status, count = _STATUS.get(IOReturn(end.status), -errno.EPROTO), end.count
        status, count = self._trick.answer(urb.endpoint, status, count)
        head = _BASIC.pack(_RET_SUBMIT, urb.number, 0, 0, 0)
        packets, data = b"", end.data[:count] if urb.is_input else b""
        if urb.packets:
            pieces = zip(urb.packets, end.frames, strict=True)
            data = b"".join(end.data[at : at + done.count] for (at, _), done in pieces)
            for (offset, length), done in zip(urb.packets, end.frames, strict=True):
                packets += _PACKET.pack(offset, length, done.count, 0)
        data = data if urb.is_input else b""
        self._send(head + _RETURN.pack(status, count, 0, urb.count, 0) + data + packets)

    def _send(self, data: bytes) -> None:
        self._writer.write(data)


def attach(sock: socket.socket) -> int:
    """Put the device at the other end of a socket into a free port; its number."""
    for line in (VHCI / "status").read_text().splitlines()[1:]:
        kind, port, state, *_ = line.split()
        if kind == "hs" and int(state) == 4:  # VDEV_ST_NULL
            command = f"{int(port)} {sock.fileno()} {int(port) + 1} {FULL_SPEED}"
            (VHCI / "attach").write_text(command)
            return int(port)
    raise LookupError("virtual controller: expected a free port, found none")


async def main(model: str, trick: Trick, say: Callable[[str], object]) -> None:
    """Serve one device until it is unplugged."""
    kernels, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    port = attach(kernels)
    kernels.close()
    say(f"port {port}\n")
    await Port(MODELS[model](), trick).serve(ours)


def _say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    model, *rest = sys.argv[1:]
    number = int(rest[1]) if rest[1:] else 0
    asyncio.run(main(model, TRICKS[rest[0] if rest else "honest"](number), _say))
