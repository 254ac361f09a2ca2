"""A driver that programs may open, and programs that open it."""

import plistlib
from pathlib import Path

from tests.integration.line.apps import BUNDLE, make_app

SOURCE = """
from runtime.driverkit import *


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        self.RegisterService()

    def NewUserClient(self, type):
        if type == 9:
            raise IOReturnError(kIOReturnBadArgument, "type 9 is none of mine")
        return self.Create(self, "UserClientProperties")


class TrialClient(IOUserClient):
    def init(self):
        self.waiting = []
        return super().init()

    def Start(self, provider):
        super().Start(provider)
        self.memory = IOBufferMemoryDescriptor.Create(4096)
        self.samples = IODataQueueDispatchSource.Create(4096, self.CopyDispatchQueue())

    def Stop(self, provider):
        self.samples.Cancel()
        IOLog("client stopped")
        super().Stop(provider)

    def free(self):
        IOLog("client freed")
        super().free()

    def ExternalMethod(self, selector, arguments, dispatch=None, target=None, reference=None):
        dispatch = METHODS.get(selector)
        super().ExternalMethod(selector, arguments, dispatch, target or self, reference)

    def Add(self, reference, arguments):
        arguments.scalarOutput = [sum(arguments.scalarInput)]

    def Echo(self, reference, arguments):
        arguments.structureOutput = arguments.structureInput

    def Wait(self, reference, arguments):
        arguments.completion.SetAbortedHandler(lambda: IOLog("aborted"))
        self.waiting.append(arguments.completion)

    def Finish(self, reference, arguments):
        while self.waiting:
            self.AsyncCompletion(self.waiting.pop(0), kIOReturnSuccess, [7, 8])

    def Crash(self, reference, arguments):
        raise RuntimeError("as it was told")

    def Produce(self, reference, arguments):
        self.memory.GetAddressRange()[:5] = b"hello"
        self.samples.Enqueue(b"one")
        self.samples.Enqueue(b"two")

    def Who(self, reference, arguments):
        arguments.structureOutput = self.CopyClientEntitlements()["IOUserClientCreator"].encode()

    def Large(self, reference, arguments):
        arguments.scalarOutput = [1, 2, 3]

    def CopyClientMemoryForType(self, type):
        if type == 1:
            return 0, self.samples
        if type == 2:
            return kIOMemoryMapReadOnly, self.memory
        return super().CopyClientMemoryForType(type)


ANY = kIOUserClientVariableStructureSize
METHODS = {
    0: IOUserClientMethodDispatch(
        TrialClient.Add, checkScalarInputCount=2, checkScalarOutputCount=1
    ),
    1: IOUserClientMethodDispatch(
        TrialClient.Echo, checkStructureInputSize=ANY, checkStructureOutputSize=ANY
    ),
    2: IOUserClientMethodDispatch(TrialClient.Wait, checkCompletionExists=True),
    3: IOUserClientMethodDispatch(TrialClient.Finish),
    4: IOUserClientMethodDispatch(TrialClient.Crash),
    5: IOUserClientMethodDispatch(TrialClient.Produce),
    6: IOUserClientMethodDispatch(TrialClient.Who, checkStructureOutputSize=ANY),
    7: IOUserClientMethodDispatch(TrialClient.Large, checkScalarOutputCount=ANY),
}
"""
PROGRAM = """
import sys
from pathlib import Path
from runtime.client.blocking import connect
from runtime.client.services import service_open
from runtime.model.errors import ReturnError
with connect("trial", Path(sys.argv[1])) as runtime:
    try:
        client = service_open(runtime, int(sys.argv[2]))
    except ReturnError as error:
        sys.exit(f"{error.code:#x} {error.text}")
client.call_async(2, lambda status, values: None)
print("open", flush=True)
sys.stdin.read()
"""
ACCESS = "com.apple.developer.driverkit.userclient-access"


def make_open_app(folder: Path, *, any_program: bool) -> Path:
    """An app whose driver has a user client, and whose program opens it."""
    app = make_app(folder, SOURCE)
    dext = app / "Contents/Library/SystemExtensions" / f"{BUNDLE}.dext"
    info = plistlib.loads((dext / "Info.plist").read_bytes())
    info["IOKitPersonalities"]["Trial"]["UserClientProperties"] = {
        "IOClass": "IOUserUserClient",
        "IOUserClass": "TrialClient",
    }
    (dext / "Info.plist").write_bytes(plistlib.dumps(info))
    if any_program:
        key = "com.apple.developer.driverkit.allow-any-userclient-access"
        grant(dext, key, True)
    program = app / "Contents/Linux/Trial"
    program.write_text("#!/usr/bin/env python3\n" + PROGRAM)
    return app


def grant(folder: Path, key: str, value: object) -> None:
    """Add to the entitlements of an app's ``Contents`` or of an extension."""
    path = folder / "Entitlements.plist"
    path.write_bytes(plistlib.dumps({**plistlib.loads(path.read_bytes()), key: value}))
