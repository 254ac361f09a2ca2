"""Runs in the guest: hostile devices, one after the other, at what a broker does with a device.

Prints one JSON object a line: the trick, its number, whether the kernel made a node, how what was
tried ended, by name, and an error that nobody foresaw.
Invariant: a device's wrongdoing ends as a ReturnError, a BreachError or an OSError, or not at all.
"""

import asyncio
import collections
import contextlib
import json
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from runtime.families.simulated.models import MODELS
from runtime.families.usb.device import UsbfsDevice
from runtime.families.usb.served import ServedUsbDevice
from runtime.model.errors import BreachError, ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import methods, usb
from runtime.wire.broker import ServeUsb
from tests.kernel.guest.hostile import TRICKS, Trick
from tests.kernel.guest.vhci import Port, attach

CASES = [
    *(("pulled", number) for number in range(6, 22)),
    *(("stalls", number) for number in (0, 4, 8)),
    *(("truncated", number) for number in (0, 1, 9, 12)),
    *((name, 0) for name in TRICKS if name not in {"pulled", "stalls", "truncated"}),
]
DEVICES = Path("/sys/bus/usb/devices")
SECONDS = 10.0  # for the kernel to make a node, or to give up, and for each call
MOST = 64  # endpoints of an interface that are tried; one device has 9,362
TRIES_MS = 200


def main() -> None:
    """Plug each device in, use it as a driver would, and pull it out."""
    for name, number in CASES:
        sys.stdout.write(json.dumps(_case(name, TRICKS[name](number), number)) + "\n")
        sys.stdout.flush()


def _case(name: str, trick: Trick, number: int) -> dict[str, object]:
    before = _devices()
    kernels, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    port = Port(MODELS["loopback"](), trick)
    device = threading.Thread(target=lambda: asyncio.run(port.serve(ours)))
    device.start()
    attach(kernels)
    kernels.close()
    ended: collections.Counter[str] = collections.Counter()
    surprise = ""
    node = _node(before, trick)
    try:
        if node:
            asyncio.run(_use(node, ended))
    except (BreachError, OSError) as error:
        ended[type(error).__name__] += 1
    except Exception:  # noqa: BLE001 - what the test is about
        surprise = traceback.format_exc()
    with contextlib.suppress(OSError):  # it pulled itself out
        ours.shutdown(socket.SHUT_RDWR)
    device.join()
    if not _until(lambda: _devices() == before):  # the next one may get the same name
        surprise += f"expected it to be gone, found {_devices() - before}"
    return {"trick": name, "number": number, "node": node, "ended": ended, "surprise": surprise}


def _devices() -> set[str]:
    """What the kernel has on its USB, by name."""
    return {path.name for path in DEVICES.iterdir()}


def _node(before: set[str], trick: Trick) -> str:
    """Wait for the device's node; empty: the kernel did not take it."""
    nodes: list[str] = []

    def look() -> bool:
        for name in _devices() - before:
            path = DEVICES / name
            with contextlib.suppress(OSError):  # it is gone already, or not whole yet
                (path / "bConfigurationValue").read_text()
                bus, address = (int((path / each).read_text()) for each in ("busnum", "devnum"))
                nodes.append(f"/dev/bus/usb/{bus:03}/{address:03}")
        return bool(nodes) or trick.over

    _until(look)
    return nodes[0] if nodes else ""


def _until(condition: Callable[[], bool]) -> bool:
    """Wait for it, for a while; whether it came."""
    deadline = time.monotonic() + SECONDS
    while not (came := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return came


async def _use(node: str, ended: collections.Counter[str]) -> None:
    """Try everything that a driver may, at each interface."""
    device = UsbfsDevice(os.open(node, os.O_RDWR | os.O_CLOEXEC), ServeUsb(1))
    served = ServedUsbDevice(device)
    try:
        for number in {each.number for each in device.configuration.interfaces}:
            session = served.session(number, lambda _, end: _count(ended, end.status))
            for method in _methods():
                await _try(session.call(0, method), ended)
            for endpoint in device.interface(number).endpoints[:MOST]:
                found = await _try(session.call(0, methods.CopyPipe(endpoint.address)), ended)
                if isinstance(found, int):
                    for method in _pipe_methods():
                        await _try(session.call(found, method), ended)
            session.close()
            served.give_back(number)
    finally:
        served.close()


def _methods() -> list[methods.Method]:
    return [
        methods.InterfaceOpen(),
        usb.CopyDescriptor(2, 0, 0, 4096),
        usb.CopyDescriptor(3, 2, 0x0409, 255),
        methods.CopyDeviceDescriptor(),
        methods.DeviceRequest(0xC0, 3, 0, 0, 64, timeout_ms=TRIES_MS),
        usb.SelectAlternateSetting(1),
        usb.SelectAlternateSetting(0),
    ]


def _pipe_methods() -> list[methods.Method]:
    return [
        methods.PipeIO(512, b"out", TRIES_MS),
        methods.AsyncIO(1, 64, b"more"),
        methods.PipeIO(64 << 10, b"", TRIES_MS),
        methods.Abort(),
        methods.ClearStall(),
    ]


async def _try(call: Coroutine[Any, Any, object], ended: collections.Counter[str]) -> object:
    try:
        result = await asyncio.wait_for(call, SECONDS)
    except ReturnError as error:
        _count(ended, error.code)
        return None
    _count(ended, IOReturn.SUCCESS)
    return result


def _count(ended: collections.Counter[str], status: int) -> None:
    ended[IOReturn(status).name] += 1


if __name__ == "__main__":
    main()
