"""`dext plug` and `dext unplug`: simulated devices, and devices out of recordings.

Invariant: a bare word is a model's name first; whatever has a `/` in it names a file.
"""

import argparse
import os
from pathlib import Path

from runtime.client.blocking import Connection
from runtime.commands import shell
from runtime.commands.plaintext import plain
from runtime.linux import places
from runtime.model.errors import ProblemError
from runtime.wire.commands.devices import Plug, Plugged, PlugRecorded, Unplug


def add_verbs(verb: shell.AddVerb) -> None:
    """The two verbs."""
    plug = verb("plug", _plug, "plug a simulated device in, or one out of a recording")
    plug.add_argument(
        "--capture",
        metavar="FILE",
        help="what went to and from the device: of usbmon, USBPcap, or umockdev's ioctls",
    )
    unplug = verb("unplug", _unplug, "unplug such a device, the one that was plugged last")
    for added in (plug, unplug):
        added.add_argument(
            "device",
            metavar="DEVICE",
            help="a simulated one by its name (sample, loopback, keypad, ticker), a recorded one "
            "by its file: a umockdev dump, or what `lsusb -v` printed",
        )


def _plug(runtime: Connection, options: argparse.Namespace) -> int:
    name: str = options.device
    if options.capture or _names_file(name):
        plugged = _plug_recorded(runtime, name, options.capture)
    else:
        try:
            plugged = runtime.call(Plug(name))
        except ProblemError as error:
            if error.code != "not-found" or not Path(name).is_file():
                raise
            plugged = _plug_recorded(runtime, name, None)
    print(f"plugged {plain(name)}: {plain(plugged.path)}")
    return shell.OK


def _unplug(runtime: Connection, options: argparse.Namespace) -> int:
    name: str = options.device
    try:
        unplugged = runtime.call(Unplug(_absolute(name) if _names_file(name) else name))
    except ProblemError as error:
        if error.code != "not-found" or _names_file(name):
            raise
        unplugged = runtime.call(Unplug(_absolute(name)))
    print(f"unplugged {plain(name)}: {plain(unplugged.path)}")
    return shell.OK


def _plug_recorded(runtime: Connection, name: str, capture: str | None) -> Plugged:
    return runtime.call(PlugRecorded(_absolute(name), _absolute(capture) if capture else ""))


def _names_file(name: str) -> bool:
    return os.sep in name


def _absolute(path: str) -> str:
    return str(places.absolute(path))
