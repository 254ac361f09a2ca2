"""How one runtime was told to run.

Invariant: a value.
"""

from pathlib import Path

import msgspec

from runtime.model.records import Mode


class Settings(msgspec.Struct, frozen=True):
    """`owner` is the inherited socket of the window that started this runtime, -1 for none."""

    mode: Mode
    state_dir: Path
    socket_path: Path
    owner: int = -1
    allow_socket_approval: bool = False
    restart_at_once: bool = False  # for measurements: never delay, never quarantine
