"""Where a runtime keeps its state and listens, by mode (DESIGN table of modes).

Source: XDG Base Directory Specification 0.8.
Invariant: reads the environment and names paths; `claim` alone changes the file system.
"""

import fcntl
import os
import pwd
from pathlib import Path

from runtime.model.errors import ProblemError, UnavailableError

STATE_VARIABLE = "IOREGISTRY_STATE_DIR"
SOCKET_VARIABLE = "IOREGISTRY_SOCKET"
SYSTEM_STATE = Path("/var/lib/ioregistry")
SYSTEM_SOCKET = Path("/run/ioregistry/runtime.sock")
_SYSTEM_BUS = Path("/run/dbus/system_bus_socket")


def absolute(path: str | os.PathLike[str]) -> Path:
    """A path as it is meant from the current folder.

    Raises:
        UnavailableError: It is relative, and the current folder was removed.
    """
    try:
        return Path(path).absolute()
    except OSError as error:
        raise UnavailableError(
            f"{path}: expected a current folder that it starts from, found: {error.strerror}"
        ) from None


def state_dir() -> Path:
    """The state folder of this user's own runtime.

    Raises:
        UnavailableError: Nothing says where this user's home is.
    """
    if override := os.environ.get(STATE_VARIABLE):
        return absolute(override)
    base = os.environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "ioregistry"
    try:
        return Path.home() / ".local" / "state" / "ioregistry"
    except RuntimeError:
        raise UnavailableError(
            f"state folder of user {os.getuid()}: expected HOME or {STATE_VARIABLE} to be set, "
            "or an account with a home, found none"
        ) from None


def identities() -> Path:
    """Where this user's signing identities are.

    Raises:
        UnavailableError: Nothing says where this user's home is.
    """
    base = os.environ.get("XDG_DATA_HOME", "")
    if base.startswith("/"):
        return Path(base) / "ioregistry" / "identities"
    try:
        return Path.home() / ".local" / "share" / "ioregistry" / "identities"
    except RuntimeError:
        raise UnavailableError(
            f"identities of user {os.getuid()}: expected HOME to be set, or an account with a "
            "home, found none"
        ) from None


def socket_path(state: Path | None = None) -> Path:
    """The socket of the runtime whose state folder is `state` (this user's by default).

    `IOREGISTRY_SOCKET` wins; a state folder that was named explicitly holds its own socket,
    so that two runtimes on two folders never meet.
    """
    if override := os.environ.get(SOCKET_VARIABLE):
        return absolute(override)
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    if state is None and STATE_VARIABLE not in os.environ and folder.startswith("/"):
        return Path(folder) / "ioregistry" / "runtime.sock"
    return socket_in(state or state_dir())


def socket_in(state: Path) -> Path:
    """The socket that a state folder holds, whatever the environment says."""
    return state / "runtime.sock"


def home_of(uid: int) -> Path:
    """A user's home: `HOME` for this process's own user, else the account's.

    Raises:
        ProblemError: ``not-allowed``: the user has no account on this machine.
    """
    if uid == os.geteuid() and os.environ.get("HOME", "").startswith("/"):
        return Path(os.environ["HOME"])
    return Path(account(uid).pw_dir)


def account(uid: int) -> pwd.struct_passwd:
    """A user's account.

    Raises:
        ProblemError: ``not-allowed``: there is none on this machine.
    """
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ProblemError(
            "not-allowed", f"user {uid}: expected an account on this machine, found none"
        ) from None


def has_system_bus() -> bool:
    """Whether the machine has a D-Bus to ask; `DBUS_SYSTEM_BUS_ADDRESS` names another."""
    return bool(os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")) or _SYSTEM_BUS.exists()


def claim(state: Path) -> int:
    """Make the state folder (mode 700) and take its lock; return the lock's descriptor.

    The lock holds as long as the descriptor is open.

    Raises:
        UnavailableError: The folder cannot be written, or another runtime has it.
    """
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UnavailableError(f"state folder {state}: expected a folder, found a file") from None
    except OSError as error:
        raise _unusable(state, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise UnavailableError(
            f"state folder {state}: expected nobody to use it, found another runtime (pid {holder})"
        ) from None
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        os.close(lock)
        raise _unusable(state, error) from error
    return lock


def _unusable(state: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"state folder {state}: expected a folder that can be written, found: {error.strerror}"
    )
