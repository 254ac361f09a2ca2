"""The worker's part of a crash report: who had called whom.

Invariant: whatever files and stack are like, it ends soon, and others go first.
"""

import math
import os
import resource
import time
from pathlib import Path

import msgspec

from runtime.extensions import staging
from runtime.linux import privileges
from runtime.model import archive
from runtime.model.identity import ContentHash
from runtime.model.native import Calls, Halt

SECONDS = 2  # of a processor; it takes 0.05
NICE = 10


class Unwind(msgspec.Struct, frozen=True, array_like=True, tag="unwind"):
    """Find out who had called whom in a process of a staged bundle. Result: `Calls`."""

    halt: Halt
    state_dir: str
    content_hash: ContentHash


def carry_out(job: Unwind) -> Calls:
    """Unwind; the process is killed when it takes too long.

    Raises:
        ProblemError: The bundle, whose modules are in it, is missing or not what was staged.
    """
    from runtime.linux.unwind import unwound  # noqa: PLC0415 - and its library, for this job only

    os.nice(NICE)
    privileges.limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + SECONDS)
    bundle: dict[str, bytes] = {}
    if job.halt.modules:
        bundle = archive.unpack(staging.load_staged(Path(job.state_dir), job.content_hash))
    return unwound(job.halt, bundle)
