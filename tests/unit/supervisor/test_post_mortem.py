"""What faulthandler's text tells, whatever is in it."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.model.crash_report import THREADS
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
    threads = post_mortem.remains(exit_, DUMP).threads
    assert threads[0].frames == exit_.frames
    assert [thread.faulting for thread in threads] == [True, False]


def test_what_is_not_known_is_named() -> None:
    for how in (ExitHow.SIGNAL, ExitHow.LAUNCH, ExitHow.CODE, ExitHow.HANG, ExitHow.BREACH):
        assert any("Python frames" in fact for fact in post_mortem.remains(Exit(how), "").missing)


@given(st.lists(st.sampled_from([*DUMP.splitlines(keepends=True), "\0", "é\n"]), max_size=400))
def test_any_text_is_bounded(lines: list[str]) -> None:
    assert len(post_mortem.threads("".join(lines))) <= THREADS
