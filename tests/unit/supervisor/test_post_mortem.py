"""What faulthandler's text tells, whatever is in it."""

import signal
import struct

from hypothesis import given
from hypothesis import strategies as st

from runtime.linux import fault
from runtime.linux.fault_machines import STACK, STACK_AT
from runtime.model.crash_report import THREADS
from runtime.model.native import Image, Mapped
from runtime.model.outcome import Exit, ExitHow
from runtime.supervisor import post_mortem

DUMP = """Fatal Python error: Segmentation fault

Thread 0x00007f0000000001 (most recent call first):
  File "/usr/lib/threading.py", line 327 in wait

Current thread 0x00007f0000000002 (most recent call first):
  File "a.dext/Driver.py", line 3 in Start
  File "host/queues.py", line 65 in run

Extension modules: msgspec._core (total: 1)
"""


def test_the_faulting_thread_comes_first() -> None:
    faulting, other = post_mortem.threads(DUMP)
    assert faulting.faulting
    assert faulting.frames == ("Start (a.dext/Driver.py:3)", "run (host/queues.py:65)")
    assert other.frames == ("wait (/usr/lib/threading.py:327)",)


def test_an_exceptions_frames_replace_those_of_the_thread_that_reports_it() -> None:
    exit_ = Exit(ExitHow.CODE, 1, "ValueError", ("Start (a.dext/Driver.py:3)",))
    threads = post_mortem.remains(exit_, bytes(fault.SIZE) + DUMP.encode()).threads
    assert threads[0].frames == exit_.frames
    assert [thread.faulting for thread in threads] == [True, False]


def test_what_is_not_known_is_named() -> None:
    for how in (ExitHow.SIGNAL, ExitHow.LAUNCH, ExitHow.CODE, ExitHow.HANG, ExitHow.BREACH):
        assert any("Python frames" in fact for fact in post_mortem.remains(Exit(how), b"").missing)


RECORD = struct.pack("=iii4xQ", signal.SIGSEGV, 0, 1, 0x10).ljust(128, b"\0") + bytes(40)
RECORD += b"".join(struct.pack("=Q", value) for value in range(1, 24))
RECORD = RECORD.ljust(STACK_AT, b"\0") + struct.pack("=4Q", 5, 17, 0, 17)
RECORD = RECORD.ljust(fault.SIZE, b"\0")
MAPPED = Mapped((Image(17, 18, 0x100, "/lib/libtest.so"),), 1)  # around rip, the 17th register


def test_registers_come_with_the_signal_that_recorded_them() -> None:
    exit_ = Exit(ExitHow.SIGNAL, signal.SIGSEGV)
    left = post_mortem.remains(exit_, RECORD, MAPPED)
    assert left.fault is not None
    assert (left.fault.address, left.fault.place) == (0x10, "libtest.so+0x100")
    assert dict(left.fault.registers)["rip"] == 17
    assert left.missing == ("Python frames: SIGKILL leaves a process no time to write them",)
    assert left.halt is not None
    assert left.halt.stack[:16] == struct.pack("=2Q", 5, 17)
    assert left.halt.mapped == MAPPED
    elsewhere = post_mortem.remains(exit_, RECORD)
    assert any("in no known file" in fact for fact in elsewhere.missing)


def test_the_thread_that_a_signal_ended_is_its_services() -> None:
    workers = struct.pack("=4Q", 0x7F02, 5, 0x7F01, 9)
    record = RECORD[: STACK_AT + STACK] + workers.ljust(fault.SIZE - STACK_AT - STACK, b"\0")
    dump = b"Thread 0x00007f02 (most recent call first):\n\nCurrent thread 0x00007f01 (most"
    assert post_mortem.faulting_service(record + dump) == 9
    assert post_mortem.faulting_service(record + dump.replace(b"7f01", b"7f03")) == 0
    assert post_mortem.faulting_service(record) == 0
    assert post_mortem.faulting_service(dump) == 0


def test_a_record_that_does_not_fit_the_end_is_not_believed() -> None:
    for exit_ in (Exit(ExitHow.SIGNAL, signal.SIGBUS), Exit(ExitHow.BREACH, signal.SIGSEGV)):
        assert post_mortem.remains(exit_, RECORD).fault is None
    killed = post_mortem.remains(Exit(ExitHow.SIGNAL, signal.SIGKILL), b"")
    assert "registers: SIGKILL leaves a process no time to record them" in killed.missing


@given(st.lists(st.sampled_from([*DUMP.splitlines(keepends=True), "\0", "é\n"]), max_size=400))
def test_any_text_is_bounded(lines: list[str]) -> None:
    assert len(post_mortem.threads("".join(lines))) <= THREADS
