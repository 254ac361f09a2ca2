"""Drivers that misbehave: each ends, says why where it can, and takes nothing with it."""

import signal
import time

import pytest

from runtime.linux.sockets import send_packet
from runtime.model.errors import BreachError
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Exit, ExitHow
from runtime.wire import codec, driver, methods
from tests.integration.host.stage import (
    DEADLINE_S,
    SERVICE,
    Provider,
    Zygote,
    a_load,
    an_attach,
    bundle_with,
)

HEAD = """
import os, sys, time, threading, ctypes
from runtime.driverkit import *

class Driver(IOService):
"""


def source(*lines: str) -> str:
    return HEAD + "\n".join(f"    {line}" for line in lines)


def test_an_exception_in_start_is_told_and_ends_the_process(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(source("def Start(self, provider):", "    self.divide()",
                           "def divide(self):", "    return 1 / 0"))
    )  # fmt: skip
    process.begin()
    assert process.call(1, methods.Start(), Provider()) == driver.Fail(
        1, IOReturn.ERROR, "ZeroDivisionError: division by zero"
    )
    goodbye = process.expect(driver.Goodbye)
    assert goodbye.error == "ZeroDivisionError: division by zero"
    assert goodbye.frames[0] == "divide (com.example.test.dext/Driver.py:9)"
    assert goodbye.frames[1] == "Start (com.example.test.dext/Driver.py:7)"
    assert process.wait() == Exit(ExitHow.CODE, 1)
    assert "return 1 / 0" in process.printed()  # the traceback has the source's lines


def test_an_io_return_error_refuses_and_leaves_the_process(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(source("def Start(self, provider):",
                           "    raise IOReturnError(kIOReturnUnsupported, 'too old')"))
    )  # fmt: skip
    process.begin()
    assert process.call(1, methods.Start(), Provider()) == driver.Fail(
        1, IOReturn.UNSUPPORTED, "too old"
    )
    process.send(driver.Goodbye())
    assert process.receive() == driver.Goodbye()


def test_code_that_one_process_compiled_runs_in_the_next(zygote: Zygote) -> None:
    bundle = bundle_with(source("def init(self): return super().init()"))
    first = zygote.spawn(bundle)
    first.begin()
    (code,) = first.compiled
    second = zygote.spawn(bundle)
    second.begin(code=code)
    assert second.compiled == []
    assert isinstance(second.call(1, methods.Start(), Provider()), driver.Reply)


def test_init_that_returns_false_refuses(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(source("def init(self): return False")))
    process.begin()
    assert process.call(1, methods.Start(), Provider()) == driver.Fail(
        1, IOReturn.ERROR, "Driver.init returned False"
    )


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("raise RuntimeError('at import')", "RuntimeError: at import"),
        ("def Driver(): pass", "TypeError: Driver: expected a subclass of IOService named Driver"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("def broken(:", "SyntaxError: "),
    ],
)
def test_what_cannot_be_loaded_says_why(zygote: Zygote, code: str, error: str) -> None:
    process = zygote.spawn(bundle_with(code))
    process.greet()
    process.send(a_load())
    said = process.receive()
    if isinstance(said, driver.Staged):  # a class is looked for when it is needed
        process.send(an_attach())
        said = process.receive()
    assert isinstance(said, driver.Goodbye)
    assert said.error.startswith(error)
    assert process.wait() == Exit(ExitHow.CODE, 1)
    assert error in process.printed()


def test_a_wrong_callback_is_refused_when_the_class_is_made(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(source("@callback(IOUSBHostPipe.CompleteAsyncIO)",
                           "def ReadComplete(self, action, status): pass"))
    )  # fmt: skip
    process.greet()
    process.send(a_load())
    error = process.expect(driver.Goodbye).error
    assert "Driver.ReadComplete: expected the parameters of IOUSBHostPipe::Compl" in error


def test_a_hang_in_init_shows_in_the_pulse(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(source("def init(self):", "    while True: pass")))
    process.begin()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    deadline = time.monotonic() + DEADLINE_S
    queue = driver.QueuePulse("")
    while queue.callback != "init" and time.monotonic() < deadline:
        process.pulses.clear()
        send_packet(process.watch, codec.encode(driver.AskPulse()))
        while not process.pulses:
            assert process.read_watch(DEADLINE_S)
        (queue,) = process.pulses[0].queues
    assert (queue.queue, queue.callback, queue.calling) == ("Default", "init", False)
    assert queue.age_us >= 0


def test_a_call_that_waits_for_the_runtime_is_no_hang(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(source("def Start(self, p):", "    p.Open(self)")))
    process.begin()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    assert process.asked_of_provider() is not None
    process.pulses.clear()
    send_packet(process.watch, codec.encode(driver.AskPulse()))
    while not process.pulses:
        assert process.read_watch(DEADLINE_S)
    (queue,) = process.pulses[0].queues
    assert (queue.queue, queue.callback, queue.calling) == ("Default", "Start", True)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("os._exit(3)", Exit(ExitHow.CODE, 3)),
        ("ctypes.memset(0, 0, 1)", Exit(ExitHow.SIGNAL, signal.SIGSEGV)),
        ("os.abort()", Exit(ExitHow.SIGNAL, signal.SIGSEGV)),  # process 1 cannot abort
    ],
)
def test_an_end_without_goodbye_is_seen_with_its_number(
    zygote: Zygote, code: str, outcome: Exit
) -> None:
    process = zygote.spawn(bundle_with(source(f"def init(self): {code}")))
    process.begin()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    assert process.receive() is None
    assert process.wait() == outcome


def test_sys_exit_has_an_epitaph(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(source("def init(self): sys.exit(4)")))
    process.begin()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    assert process.expect(driver.Goodbye).error == "SystemExit: 4"
    assert process.wait() == Exit(ExitHow.CODE, 1)


def test_a_flood_of_logs_is_cut_and_counted(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(source("def Start(self, p):",
                           "    for n in range(20000): IOLog(f'line {n} ' + 'x' * 200)"))
    )  # fmt: skip
    process.begin()
    # Nobody reads the log, and Start comes back all the same.
    assert isinstance(process.call(1, methods.Start(), Provider()), driver.Reply)
    lines = process.wait_log(lambda lines: any("dropped" in line for line in lines))
    dropped = int(lines[-1].split()[1])
    assert len(lines) - 1 + dropped == 20000
    assert lines[-1] == f"… {dropped} lines dropped"


def test_garbage_on_the_control_socket_is_a_breach_for_the_runtime(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(source("def Start(self, p):", "    for fd in range(3, 20):",
                           "        try: os.write(fd, b'\\xc1garbage')",
                           "        except OSError: pass"))
    )  # fmt: skip
    process.begin()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    with pytest.raises(BreachError):
        process.receive()


def test_queues_of_its_own_call_the_provider_while_the_default_one_waits(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(source("def Start(self, p):",
                           "    p.Open(self)",
                           "    queue = IODispatchQueue.Create('Second')",
                           "    pipe = queue.DispatchSync(lambda: p.CopyPipe(0x81))",
                           "    assert not queue.OnQueue()",
                           "    queue.DispatchAsync(lambda: IOLog('on ' + queue.GetName()))",
                           "    queue.DispatchSync(lambda: self.CopyDispatchQueue()"
                           ".DispatchAsync(lambda: IOLog('back on Default')))"))
    )  # fmt: skip
    process.begin()
    provider = Provider()
    assert isinstance(process.call(1, methods.Start(), provider), driver.Reply)
    assert provider.methods == ["InterfaceOpen", "CopyPipe"]
    process.wait_log(lambda lines: sorted(lines) == ["back on Default", "on Second"])


def test_an_exception_on_another_queue_ends_the_driver(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(source("def Start(self, p):",
                           "    IODispatchQueue.Create('Second').DispatchAsync(lambda: 1 / 0)"))
    )  # fmt: skip
    process.begin()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    messages = [process.receive(), process.receive()]
    assert any(
        isinstance(message, driver.Goodbye) and message.error.startswith("ZeroDivisionError")
        for message in messages
    )
    assert process.wait() == Exit(ExitHow.CODE, 1)


def test_vendored_packages_are_imported_from_the_bundle(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with(
            source("def Start(self, p): IOLog(vendored.part.VALUE)").replace(
                "import os", "import vendored.part, os"
            ),
            **{
                "Resources/python/vendored/__init__.py": b"",
                "Resources/python/vendored/part.py": b"VALUE = 'from the archive'",
            },
        )
    )
    process.begin()
    process.call(1, methods.Start(), Provider())
    assert process.wait_log(bool) == ["from the archive"]


LOSES_ITS_PROVIDER = source(
    "@callback(IOUSBHostPipe.CompleteAsyncIO)",
    "def ReadComplete(self, action, status, count, when):",
    "    IOLog(f'read {status:#x}')",
    "    self.reads += 1",
    "    if self.reads < 4: self.pipe.AsyncIO(self.buffer, 8, action)",
    "def Start(self, p):",
    "    p.Open(self)",
    "    self.reads = 0",
    "    self.pipe = pipe = p.CopyPipe(0x81)",
    "    self.buffer = buffer = IOBufferMemoryDescriptor.Create(8)",
    "    for _ in range(2): pipe.AsyncIO(buffer, 8, self.CreateAction(self.ReadComplete))",
    "    for what in (lambda: pipe.IO(buffer, 8), lambda: p.Close(self)):",
    "        try: what()",
    "        except IOReturnError as error: IOLog(f'call {error.code:#x}')",
)


def test_a_provider_that_is_lost_ends_every_call_and_io_with_its_own_error(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(LOSES_ITS_PROVIDER))
    process.begin()
    provider = Provider()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    for _ in range(4):
        process.answer(provider)
    asked = process.asked_of_provider()
    assert asked is not None
    assert isinstance(asked.method, methods.PipeIO)
    process.provider.shutdown(2)
    process.expect(driver.Reply)
    code = f"{IOReturn.OFFLINE:#x}"
    lines = process.wait_log(lambda lines: len(lines) == 6)
    assert lines == [f"call {code}"] * 2 + [f"read {code}"] * 4, "those queued afterwards too"
    assert isinstance(process.call(2, methods.Stop(), provider), driver.Reply)


POSTS_WITHOUT_END = source(
    "def Start(self, p):",
    "    queue = self.CopyDispatchQueue()",
    "    again = lambda: queue.DispatchAsync(again)",
    "    again()",
)


def test_work_that_posts_work_without_end_leaves_the_runtime_heard(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(POSTS_WITHOUT_END))
    process.begin()
    provider = Provider()
    assert isinstance(process.call(1, methods.Start(), provider), driver.Reply)
    assert isinstance(process.call(2, methods.Stop(), provider), driver.Reply)
