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


def plug(runtime: Connection, options: argparse.Namespace) -> int:
    """Plug a device in; returns the exit code."""
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


def unplug(runtime: Connection, options: argparse.Namespace) -> int:
    """Unplug a device; returns the exit code."""
    name: str = options.device
    try:
        unplugged = runtime.call(Unplug(_absolute(name) if _names_file(name) else name))
    except ProblemError as error:
        if error.code != "not-found" or _names_file(name):
            raise
        unplugged = _unplug_recorded(runtime, name, error)
    print(f"unplugged {plain(name)}: {plain(unplugged.path)}")
    return shell.OK


def _unplug_recorded(runtime: Connection, name: str, model: ProblemError) -> Plugged:
    """Unplug the recorded device of a bare word; where there is none either, `model` is raised."""
    try:
        return runtime.call(Unplug(_absolute(name)))
    except ProblemError as error:
        raise (model if error.code == "not-found" else error) from None


def _plug_recorded(runtime: Connection, name: str, capture: str | None) -> Plugged:
    return runtime.call(PlugRecorded(_absolute(name), _absolute(capture) if capture else ""))


def _names_file(name: str) -> bool:
    return os.sep in name


def _absolute(path: str) -> str:
    return str(places.absolute(path))
