"""The runtime's process: arguments, signals, the event loop, the exit code.

Exit codes: 0 ended as it was told to, 1 could not run, 2 wrong arguments.
Invariant: the only place of the runtime that writes to a terminal and returns an exit code.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from runtime.engine.runtime import Runtime
from runtime.engine.settings import Settings
from runtime.linux import notify, places, spawn
from runtime.linux.arguments import Parser
from runtime.model.errors import InspectorError, UnavailableError
from runtime.model.records import Mode
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits


def main(argv: list[str] | None = None) -> int:
    """Run a runtime until it is told to end."""
    given = _arguments(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(format="runtime: %(message)s", level=logging.WARNING)
    os.environ.pop("LISTEN_FDS", None)
    try:
        settings = _settings(given)
        lock = places.claim(settings.state_dir)
        spawn.allow_descriptors()  # a driver takes five
        try:
            asyncio.run(_run(settings))
        finally:
            os.close(lock)
    except InspectorError as error:
        _tell_owner(given.owner, str(error))
        print(f"runtime: {error}", file=sys.stderr)  # noqa: T201 - the process edge
        return 1
    return 0


async def _run(settings: Settings) -> None:
    runtime = Runtime(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, runtime.end)
    await runtime.run(lambda: _say_ready(settings))


def _say_ready(settings: Settings) -> None:
    """Tell systemd, or who started this runtime in a terminal, that it takes clients."""
    notify.ready()
    if settings.mode is Mode.ALONE and sys.stdout.isatty():
        said = f"listening at {settings.socket_path}; Ctrl-C ends it"
        print(said, flush=True)  # noqa: T201 - the process edge


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m runtime", description="The driver runtime.", allow_abbrev=False)
    parser.add_argument(
        "--system",
        action="store_true",
        help="be the system service: everybody may look, polkit says who may decide",
    )
    parser.add_argument("--socket", type=Path, metavar="PATH", help="where clients connect")
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="where decisions and history are kept"
    )
    parser.add_argument(
        "--allow-socket-approval",
        action="store_true",
        help="take decisions from every client of this user (tests, machines without a window)",
    )
    parser.add_argument(
        "--restart-at-once",
        action="store_true",
        help="for measurements: restart crashed drivers without delay and without limit",
    )
    parser.add_argument("--owner", type=int, default=-1, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _settings(given: argparse.Namespace) -> Settings:
    if given.system:
        return _system_settings(given)
    state_dir = places.absolute(given.state_dir) if given.state_dir else places.state_dir()
    explicit = state_dir if given.state_dir else None
    sock = places.absolute(given.socket) if given.socket else places.socket_path(explicit)
    return Settings(
        mode=Mode.EMBEDDED if given.owner >= 0 else Mode.ALONE,
        state_dir=state_dir,
        socket_path=sock,
        owner=given.owner,
        allow_socket_approval=given.allow_socket_approval,
        restart_at_once=given.restart_at_once,
    )


def _system_settings(given: argparse.Namespace) -> Settings:
    """The service's; whoever starts it says where its things are, and no environment does."""
    if os.geteuid() != 0:
        raise UnavailableError(
            f"the system service: expected to be started by root, found user {os.geteuid()}; "
            "`systemctl start ioregistry` starts it"
        )
    if given.allow_socket_approval or given.owner >= 0:
        raise UnavailableError(
            "the system service: expected polkit to say who may decide, found another way asked for"
        )
    return Settings(
        mode=Mode.SYSTEM,
        state_dir=places.absolute(given.state_dir or places.SYSTEM_STATE),
        socket_path=places.absolute(given.socket or places.SYSTEM_SOCKET),
        restart_at_once=given.restart_at_once,
    )


def _tell_owner(descriptor: int, reason: str) -> None:
    """Give the window that started this runtime the reason why it cannot run."""
    if descriptor < 0:
        return
    try:
        with socket.socket(fileno=descriptor) as owner:
            for message in (wire.Hello(limits.CLIENT_VERSION, "runtime"), wire.Goodbye(reason)):
                owner.sendall(framing.frame(codec.encode(message)))
    except OSError:
        return  # the connection is closed already: the window has been told
