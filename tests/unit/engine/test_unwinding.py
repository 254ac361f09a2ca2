"""A worker that unwinds has an end, whatever a file makes it do."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runtime.engine import unwinding
from runtime.engine.unwinding import Unwind
from runtime.linux.fault_machines import HERE
from runtime.model.identity import ContentHash
from runtime.model.native import Halt, Image, Mapped
from runtime.wire import codec
from tests.unit.linux.test_elf import BASE, FIRST, LEAF, STACK, TABLES, library

WORKER = """
import sys
from runtime.engine import unwinding
from runtime.wire import codec
unwinding.SECONDS = int(sys.argv[1])
unwinding.carry_out(codec.Decoder(unwinding.Unwind, "job")(sys.stdin.buffer.read()))
print("done")
"""
SLOW = b"".join(bytes([0x05, 0x80 | number, 1, 1]) for number in range(100)) + b"\x0a" * 60_000
"""A hundred registers are saved, and then all of that is remembered over and over."""


@pytest.mark.skipif(HERE is None, reason="this machine's registers are not known")
@pytest.mark.parametrize(
    ("leaf", "seconds", "code"),
    [(b"", unwinding.SECONDS, 0), (SLOW, 0, -signal.SIGKILL)],  # 0: a part of one is left
)
def test_it_is_killed_where_it_takes_too_long(
    tmp_path: Path, leaf: bytes, seconds: int, code: int
) -> None:
    assert HERE is not None
    path = tmp_path / "libmade.so"
    path.write_bytes(library(leaf))
    values = dict.fromkeys(HERE.registers, 0)
    values |= {HERE.code_counter: BASE + LEAF + 8, HERE.stack_pointer: STACK}
    image = Image(BASE + FIRST, BASE + TABLES, FIRST, os.fspath(path))
    halt = Halt(tuple(values.items()), bytes(64), Mapped((image,), time.time_ns()))
    job = Unwind(halt, os.fspath(tmp_path), ContentHash("0" * 64))
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(seconds)],
        input=codec.encode(job),
        stdout=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (code, b"done\n" if code == 0 else b"")
