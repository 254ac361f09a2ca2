"""What a runtime says of itself from its first moment on.

Invariant: no other runtime has the same `run`.
"""

import contextlib
import os
import secrets
from importlib.metadata import PackageNotFoundError, version

from runtime.engine.requesters import user_name
from runtime.engine.settings import Settings
from runtime.model.records import Status


def first_status(settings: Settings) -> Status:
    """The status of a runtime that begins."""
    number = "0"
    with contextlib.suppress(PackageNotFoundError):
        number = version("ioregistry-inspector")
    uid = os.getuid()
    return Status(
        run=secrets.token_hex(8),
        mode=settings.mode,
        uid=uid,
        user=user_name(uid),
        pid=os.getpid(),
        version=number,
        state_dir=str(settings.state_dir),
    )
