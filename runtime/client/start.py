"""Finding a runtime, or starting one, or a file's reader, as a child, over a socket pair.

The pair is the proof that the window is the one that started the runtime: only over it may
an embedded runtime's owner approve.
Invariant: the pair is never given to anybody else.
"""

import os
import socket
import subprocess
from pathlib import Path

from runtime.linux import places, roles


def start_runtime(state_dir: Path | None = None) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start an embedded runtime; return our end of its pair and the process.

    The caller reaps the process. Closing the socket makes the runtime stop its drivers and
    end. Does not wait: the runtime greets when it is ready, or says goodbye with the reason
    why it cannot run.

    Raises:
        OSError: No process could be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        command = roles.argv("runtime", "--owner", str(theirs.fileno()))
        if state_dir is not None:
            command += ["--state-dir", os.fspath(state_dir)]
        return _started(command, ours, theirs)


def open_file(path: Path) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start a reader of a registry file; return our end of its pair and the process.

    The reader speaks the client protocol: a snapshot, and then nothing. Where it cannot read the
    file it says goodbye with the reason. The caller reaps the process; closing the socket ends it.
    Does not wait.

    Raises:
        OSError: No process could be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        command = roles.argv("reader", "--owner", str(theirs.fileno()), "--", str(path.absolute()))
        return _started(command, ours, theirs)


def _started(
    command: list[str], ours: socket.socket, theirs: socket.socket
) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    try:
        child = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            process_group=0,  # a Ctrl-C is for the program in front, which closes the socket
        )
    except OSError:
        ours.close()
        raise
    return ours, child


def export_command(*arguments: str) -> list[str]:
    """The command line of a process that writes registries; `runtime.export.main` says what of."""
    return roles.argv("export", *arguments)


def notification_command(*arguments: str) -> list[str]:
    """The command line of a desktop notification; `runtime.client.notification` says what of."""
    return roles.argv("notification", *arguments)


def service_command() -> list[str]:
    """The command line that installs the system service; pkexec asks for a password."""
    return ["pkexec", *roles.argv("service", "install")]


def find_runtime(path: Path | None = None) -> socket.socket | None:
    """Connect to the runtime at a socket path, by default this user's, else the system's.

    Does not wait. Returns None where none listens.
    """
    candidates = [path] if path is not None else [places.socket_path(), places.SYSTEM_SOCKET]
    for candidate in candidates:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.setblocking(False)
        try:
            sock.connect(os.fspath(candidate))
        except OSError:
            sock.close()
            continue
        return sock
    return None
