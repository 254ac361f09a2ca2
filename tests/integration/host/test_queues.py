"""Queues and timers inside the sandbox of a real driver process."""

from runtime.wire import driver, methods
from tests.integration.host.stage import Provider, Zygote, bundle_with

DRIVER = """
from runtime.driverkit import *

class Driver(IOService):
    def Start(self, provider):
        self.SetDispatchQueue("Slow", IODispatchQueue.Create("slow", kIODispatchQueueReentrant))
        provider.Open(self)
        self.buffer = IOBufferMemoryDescriptor.Create(8)
        action = self.CreateAction(self.ReadComplete)
        provider.CopyPipe(0x81).AsyncIO(self.buffer, 8, action)
        self.timer = IOTimerDispatchSource.Create(self.CopyDispatchQueue("Slow"))
        self.timer.SetHandler(self.CreateAction(self.Tick))
        self.timer.WakeAtTime(kIOTimerClockUptimeRaw, mach_absolute_time() + 1000000)

    @QUEUENAME("Slow")
    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, actualByteCount, completionTimestamp):
        queue = self.CopyDispatchQueue("Slow")
        IODispatchQueue.Log(f"read {actualByteCount}", IOLog)
        try:
            queue.SleepWithTimeout("tick", 1000000)
        except IOReturnError as error:
            IOLog(StringFromReturn(error.code))
        self.timer.WakeAtTime(kIOTimerClockUptimeRaw, mach_absolute_time())
        queue.Sleep("tick")
        IOLog("woken")

    @QUEUENAME("Slow")
    @callback(IOTimerDispatchSource.TimerOccurred)
    def Tick(self, action, time):
        IODispatchQueue.Log("tick", IOLog)
        self.CopyDispatchQueue("Slow").Wakeup("tick")
"""


def test_timers_and_completions_run_on_the_queues_that_they_were_given(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(DRIVER))
    process.begin()
    provider = Provider()
    assert isinstance(process.call(1, methods.Start(), provider), driver.Reply)
    process.wait_log(lambda lines: lines == ["tick: on slow"])
    process.provide(provider.complete(b"ab"))
    process.wait_log(lambda lines: "woken" in lines)
    assert process.lines[1:] == ["read 2: on slow", "kIOReturnTimeout", "tick: on slow", "woken"]
