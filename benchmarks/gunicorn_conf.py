"""Configuration of the restart benchmark's peer: one preloaded worker that says it is ready.

Invariant: the worker imports what a driver imports, before the fork, as ours does.
"""

import os
import struct
from typing import Protocol

import runtime.driverkit  # noqa: F401  # what the master has loaded before it forks

preload_app = True
workers = 1
bind = f"unix:{os.environ['BENCHMARK_SOCKET']}"


class Worker(Protocol):
    """What gunicorn hands to its hooks."""

    pid: int


def app(*_request: object) -> list[bytes]:
    """Answer nothing: no request is ever sent."""
    return []


def post_worker_init(worker: Worker) -> None:
    """Tell the benchmark which process is ready."""
    os.write(int(os.environ["BENCHMARK_PIPE"]), struct.pack("=i", worker.pid))
