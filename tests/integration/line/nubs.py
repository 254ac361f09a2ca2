"""A driver that publishes a nub, and a driver of the same extension that matches it."""

import plistlib
from pathlib import Path

from tests.integration.line.apps import BUNDLE, make_app
from tests.integration.line.user_clients import grant

ANY_CLIENT = "com.apple.developer.driverkit.allow-any-userclient-access"
SOURCE = """
from typing import Annotated, ClassVar

from runtime.driverkit import *


class Meter(IOService):
    Measured: ClassVar[CallbackType[[int, bytes]]] = CallbackType(
        "Meter::Measured", value=int, unit=bytes
    )

    def Start(self, provider):
        super().Start(provider)
        self.actions = []
        self.SetProperties({"Unit": "lux"})
        self.RegisterService()

    @remote
    def Read(self, channel: int, scale: float = 1.0) -> list[float]:
        if channel > 3:
            raise IOReturnError(kIOReturnNoChannels, f"channel {channel} of 3")
        return [channel * scale]

    @remote
    def Samples(self) -> IOMemoryDescriptor:
        self.samples = IOBufferMemoryDescriptor.Create(4096)
        self.samples.GetAddressRange()[:4] = b"dark"
        return self.samples.CreateSubMemoryDescriptor(0, 64)

    @remote
    def Sample(self) -> bytes:
        return bytes(self.samples)[:6]

    @remote
    def Subscribe(self, action: Annotated[OSAction, Measured]) -> None:
        action.SetAbortedHandler(lambda: IOLog("subscriber gone"))
        self.Measured(action, 7, b"lx")
        self.Measured(action, 8, b"lx")

    def ClientCrashed(self, client, options):
        IOLog(f"client crashed: {client.GetName()}")

    def Stop(self, provider):
        IOLog("meter stopped")
        super().Stop(provider)

    def free(self):
        IOLog("meter freed")
        super().free()


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        matching = IOService.CreateUserClassMatchingDictionary("Meter")
        self.meters = IOServiceNotificationDispatchSource.Create(
            matching, 0, self.CopyDispatchQueue()
        )
        self.meters.SetHandler(self.CreateAction(self.Ready))
        self.meter = self.Create(self, "MeterProperties")
        self.RegisterService()

    @callback(IOServiceNotificationDispatchSource.ServiceNotificationReady)
    def Ready(self, action):
        self.meters.DeliverNotifications(
            lambda kind, service, options: IOLog(f"{service.GetName()} {kind}")
        )

    def NewUserClient(self, type):
        if type == 1:
            return self.Create(self, "UserClientProperties")
        self.meter.Terminate()
        raise IOReturnError(kIOReturnUnsupported, "the meter is gone")

    def SetPowerState(self, powerFlags):
        IOLog(f"power {powerFlags}")
        super().SetPowerState(powerFlags)


class Opener(IOUserClient):
    def Start(self, provider):
        super().Start(provider)
        self.inner = self.Create(self, "InnerProperties")


class Inner(IOService):
    def Start(self, provider):
        super().Start(provider)
        if self.CopyProperties().get("Deep"):
            self.Create(self, "InnerProperties")
        IOLog(f"inner {self.GetProvider().GetName()}")

    def Stop(self, provider):
        IOLog("inner stopped")
        super().Stop(provider)


class Reader(IOService):
    def Start(self, provider):
        super().Start(provider)
        IOLog(f"{type(provider).__name__} {provider.CopyProperties()['Unit']}")
        IOLog(f"{provider.Read(2)} {provider.Read(2, scale=0.5)}")
        samples = provider.Samples()
        seen = samples.CreateMapping().GetAddress()
        IOLog(f"{samples.GetLength()} {bytes(seen[:4])}")
        seen[:6] = b"bright"
        IOLog(f"{provider.Sample()}")
        for call in (lambda: provider.Read(9), lambda: provider.SetName("mine"),
                     lambda: provider.Read("two")):
            try:
                call()
            except IOReturnError as error:
                IOLog(str(error))
        IOLog(" ".join(each["IOClass"][0] for each in self.CopyProviderProperties()[:3]))
        IOLog(f"{self.SearchProperty('idVendor', options=kIOServiceSearchPropertyParents)}")
        provider.Subscribe(self.CreateAction(self.Measured))
        self.RegisterService()

    @callback(Meter.Measured)
    def Measured(self, action, value, unit):
        IOLog(f"measured {value} {unit.decode()}")
"""


def make_nub_app(folder: Path) -> Path:
    """An app of both drivers; the nub asks for an entitlement."""
    app = make_app(folder, SOURCE)
    dext = app / "Contents/Library/SystemExtensions" / f"{BUNDLE}.dext"
    info = plistlib.loads((dext / "Info.plist").read_bytes())
    personalities = info["IOKitPersonalities"]
    personalities["Trial"]["MeterProperties"] = {
        "IOClass": "IOUserService",
        "IOUserClass": "Meter",
        "IOServiceDEXTEntitlements": ANY_CLIENT,
    }
    inner = {"IOClass": "IOUserService", "IOUserClass": "Inner"}
    personalities["Trial"]["UserClientProperties"] = {
        "IOClass": "IOUserUserClient",
        "IOUserClass": "Opener",
        "InnerProperties": {**inner, "Deep": True, "InnerProperties": inner},
    }
    personalities["Reader"] = {
        "IOClass": "IOUserService",
        "IOProviderClass": "IOUserService",
        "IOPropertyMatch": {"IOUserClass": "Meter"},
        "IOUserClass": "Reader",
        "IOUserServerName": BUNDLE,
        "CFBundleIdentifier": BUNDLE,
    }
    (dext / "Info.plist").write_bytes(plistlib.dumps(info))
    grant(dext, ANY_CLIENT, True)
    return app
