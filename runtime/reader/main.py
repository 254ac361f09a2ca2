"""The reader's process: opens one file, gives up everything else, parses it and serves it.

The file comes from somebody else, and its parsers are the only code that sees all of it.
Invariant: the file is opened before the process is confined, and looked at only afterwards.
"""

import argparse
import codecs
import importlib
import os
import socket
import sys
from pathlib import Path

from runtime.linux import hwdata, modules
from runtime.linux.confine import confine
from runtime.model.errors import InspectorError
from runtime.reader.load import bytes_of, read
from runtime.reader.serve import Server

REFUSED = 1


def main(argv: list[str] | None = None) -> int:
    """Run the reader until its client leaves; return the exit code."""
    options = _parser().parse_args(argv)
    try:
        channel = socket.socket(fileno=options.owner)
    except OSError as error:
        sys.stderr.write(f"reader: --owner: expected a connected socket, found: {error.strerror}\n")
        return REFUSED
    with channel:
        server = Server(channel, options.file.name, modules.alias_text(options.modules))
        try:
            server.greet()
            data = bytes_of(options.file)
            _import_all()
            confine(len(data))
            file = read(data, str(options.file))
            del data
            server.serve(file)
        except InspectorError as error:
            server.leave(str(error))
            return REFUSED
        except MemoryError:
            server.leave(f"{options.file}: expected a registry that fits in memory, found a larger")
            return REFUSED
        except (BrokenPipeError, ConnectionResetError):
            return os.EX_OK  # the window was closed
    return os.EX_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reader", description="Reads a registry file and serves it to one client."
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--owner",
        type=int,
        default=0,
        metavar="FD",
        help="the client's connected stream socket (default: standard input)",
    )
    parser.add_argument(
        "--modules",
        type=Path,
        default=modules.running(),
        metavar="FOLDER",
        help="kernel modules that devices are judged with (default: the running kernel's)",
    )
    return parser


def _import_all() -> None:
    """Import and read what is wanted late: afterwards nothing can be opened."""
    for name in ("cp1252", "utf-16-le", "utf-16-be", "utf-16", "latin-1", "ascii"):
        codecs.lookup(name)
    importlib.import_module("runtime.interchange.text_values")
    hwdata.usb()
    hwdata.pci()
