"""The sample driver in a real driver process: load, Start, reads, Stop, crash."""

import os
import platform
import signal

from runtime.linux import fault, memfd
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Exit, ExitHow
from runtime.wire import driver, methods
from tests.integration.host.stage import SAMPLE, Process, Provider, Zygote, bundle_of

NAMES = {"executable": "MyUserUSBInterfaceDriver", "user_class": "MyUserUSBInterfaceDriver"}


def start(zygote: Zygote, provider: Provider) -> Process:
    process = zygote.spawn(bundle_of(SAMPLE))
    attached = process.begin(bundle_id="com.example.sampleusb.driver", **NAMES)
    assert attached.classes == ("MyUserUSBInterfaceDriver", "IOService", "OSObject")
    assert isinstance(process.call(1, methods.Start(), provider), driver.Reply)
    return process


def test_runs_from_start_to_free(zygote: Zygote) -> None:
    provider = Provider()
    process = start(zygote, provider)
    assert provider.methods == [
        "InterfaceOpen",
        "CopyPipe",
        "AsyncIO",
        "RegisterService",
    ]
    for number in range(3):
        process.provide(provider.complete(bytes([number, 0xAB])))
        process.answer(provider)  # the next AsyncIO
    process.provide(provider.complete(b"", IOReturn.ABORTED))
    assert isinstance(process.call(2, methods.Stop(), provider), driver.Reply)
    process.send(driver.Goodbye())
    assert process.receive() == driver.Goodbye()
    assert process.receive() is None
    assert process.wait() == Exit(ExitHow.CODE, 0)
    assert process.wait_log(lambda lines: lines[-1:] == ["free"]) == [
        "init",
        "Start: driving Interface 0",
        "ReadComplete: 2 bytes, status 0x0, 00 ab",
        "ReadComplete: 2 bytes, status 0x0, 01 ab",
        "ReadComplete: 2 bytes, status 0x0, 02 ab",
        "Stop",
        "free",
    ]


def test_a_failed_pipe_is_the_start_s_error(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_of(SAMPLE))
    process.begin(**NAMES)

    def closed(call: driver.ToProvider) -> driver.Fail:
        assert isinstance(call, driver.Call)
        return driver.Fail(call.number, IOReturn.EXCLUSIVE_ACCESS, "usbhid has it")

    assert process.call(1, methods.Start(), closed) == driver.Fail(
        1, IOReturn.EXCLUSIVE_ACCESS, "usbhid has it"
    )
    process.send(driver.Goodbye())
    assert process.receive() == driver.Goodbye()
    assert process.wait() == Exit(ExitHow.CODE, 0)


def test_a_null_dereference_is_seen_as_such_with_its_frames(zygote: Zygote) -> None:
    process = start(zygote, Provider())
    process.send(driver.CrashYourself())
    assert process.receive() is None
    assert process.wait() == Exit(ExitHow.SIGNAL, signal.SIGSEGV)
    left = memfd.read_whole(process.crash)
    recorded = fault.read(left)
    if platform.machine() == "x86_64":
        assert recorded is not None
        assert (recorded.signal, recorded.address, recorded.access) == (signal.SIGSEGV, 0, "read")
    report = left[fault.SIZE :].decode()
    assert "Fatal Python error: Segmentation fault" in report
    assert "_dereference_null" in report
    assert "runtime/host/watcher.py" in report  # all threads


def test_a_second_instance_starts_after_a_crash(zygote: Zygote) -> None:
    first = start(zygote, Provider())
    os.kill(first.pid, signal.SIGKILL)
    assert first.wait() == Exit(ExitHow.SIGNAL, signal.SIGKILL)
    assert start(zygote, Provider()).pid != first.pid
