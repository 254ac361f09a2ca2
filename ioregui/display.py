"""Whether there is a display to open a window on, found out before Qt would abort.

Source: X(7) DISPLAY, Wayland's WAYLAND_DISPLAY and XDG_RUNTIME_DIR.
Invariant: Qt-free.
"""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

_LOCAL_X = re.compile(r"^(?:unix)?:(\d+)(?:\.\d+)?$")


def why_none(environment: Mapping[str, str]) -> str:
    """Return why no window can be opened, empty when one can.

    A display that is not local is believed.
    """
    if environment.get("QT_QPA_PLATFORM"):
        return ""
    complaints = [
        complaint
        for complaint in (_wayland(environment), _x11(environment))
        if complaint is not None
    ]
    if not complaints:
        return "no display: neither WAYLAND_DISPLAY nor DISPLAY is set"
    return "" if "" in complaints else "; ".join(complaints)


def _wayland(environment: Mapping[str, str]) -> str | None:
    name = environment.get("WAYLAND_DISPLAY")
    if not name:
        return None
    path = Path(environment.get("XDG_RUNTIME_DIR", "/")) / name
    return "" if _answers(str(path)) else f"no display: nobody answers at {path}"


def _x11(environment: Mapping[str, str]) -> str | None:
    name = environment.get("DISPLAY")
    if not name:
        return None
    local = _LOCAL_X.match(name)
    if local is None:
        return ""
    path = f"/tmp/.X11-unix/X{local[1]}"  # noqa: S108 - where X servers listen
    answers = _answers(path) or _answers(f"\0{path}")
    return "" if answers else f"no display: nobody answers at {name}"


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        try:
            sock.connect(path)
        except OSError:
            return False
    return True
