"""The driver extension that is measured; `PATH` says which way its data goes.

Invariant: what it times is what a driver calls, in the sandbox of every driver.
"""

PERSONALITY = {
    "IOClass": "IOUserService",
    "IOProviderClass": "IOUSBHostInterface",
    "IOUserClass": "Trial",
    "idVendor": 0x1209,
    "idProduct": 0x0003,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
}
SOURCE = """
import json, statistics, time
from runtime.driverkit import IOBufferMemoryDescriptor, IOLog, IOService, IOUSBHostPipe, callback

PATH = {path!r}
SIZES = (512, 16 << 10, 64 << 10)
ROUNDS, DEEP, MANY = 40, 16 << 10, 64


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        if PATH == "mediated":
            type(provider._transport).open_direct = lambda transport: None
        provider.Open(self)
        ends = provider.GetInterfaceDescriptor().endpoints
        self.into = provider.CopyPipe(next(e.address for e in ends if e.is_input))
        self.out = provider.CopyPipe(next(e.address for e in ends if not e.is_input))
        self.direct = provider._node is not None
        self.default = self.CopyDispatchQueue("Default")
        self.default.DispatchAsync(self.Measure)

    def Measure(self):
        time.sleep(12)  # what started it ends meanwhile, and what the runtime makes in advance
        found = {{"direct": self.direct}}
        for size in SIZES:
            memory = IOBufferMemoryDescriptor.Create(size)
            found[f"in {{size}}"] = self.Median(lambda: self.into.IO(memory, size))
            found[f"out {{size}}"] = self.Median(lambda: self.out.IO(memory, size))
        self.found = found
        self.action = self.CreateAction(self.ReadComplete)
        self.depths = [1, 8]
        self.Next()

    def Median(self, transfer):
        transfer()
        taken = []
        for _ in range(ROUNDS):
            began = time.perf_counter_ns()
            transfer()
            taken.append(time.perf_counter_ns() - began)
        return statistics.median(taken) / 1000

    def Next(self):
        if not self.depths:
            IOLog("measured {tag} " + json.dumps(self.found))
            return
        self.depth = self.depths.pop(0)
        self.buffers = [IOBufferMemoryDescriptor.Create(DEEP) for _ in range(self.depth)]
        self.left, self.open, self.began = MANY, 0, time.perf_counter_ns()
        for buffer in self.buffers:
            self.into.AsyncIO(buffer, DEEP, self.action)
            self.open += 1

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, count, when):
        self.left -= 1
        self.open -= 1
        if self.left > self.open:
            buffer = self.buffers.pop(0)
            self.buffers.append(buffer)
            self.into.AsyncIO(buffer, DEEP, self.action)
            self.open += 1
        elif not self.open:
            taken = time.perf_counter_ns() - self.began
            self.found[f"deep {{self.depth}}"] = taken / MANY / 1000
            self.default.DispatchAsync(self.Next)
"""
