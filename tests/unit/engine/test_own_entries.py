"""What a driver may say of its entries, and what it is told of those above them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runtime.engine.own_entries import OwnEntries
from runtime.engine.power import PowerTree
from runtime.engine.published import MOST, Published
from runtime.engine.watches import Watches
from runtime.model import properties
from runtime.model.entry import Kind, Place
from runtime.model.errors import BreachError, ReturnError
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, DriverId, EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.properties import Properties, Value
from runtime.model.records import Driver
from runtime.registry.tree import Registry
from runtime.wire import methods, service


class Bundles:
    """One extension."""

    def __init__(self) -> None:
        self.entitlements: Properties = {}

    def get(self, _bundle: BundleId) -> "Bundles":
        return self


class Everybody:
    """Follows nothing, and finds nobody."""

    def __init__(self) -> None:
        self.matched: list[EntryId] = []
        self.gone: list[EntryId] = []

    def match_one(self, entry: EntryId) -> None:
        self.matched.append(entry)

    def unplugged(self, entry: EntryId) -> None:
        self.gone.append(entry)

    def __iter__(self) -> Any:
        return iter(())


class Bench:
    """A driver's service on a device, in two planes."""

    def __init__(self) -> None:
        self.registry = registry = Registry(lambda: 0, lambda _change: None)
        self.hub = registry.attach(ROOT_ID, "Hub", "IOUSBHostDevice", props={"Speed": 3})
        self.device = registry.attach(
            ROOT_ID, "Device", "IOUSBHostDevice", props={"idVendor": 5}, kind=Kind.DEVICE
        )
        registry.place(self.device, (Place("IOUSB", self.hub),))
        table: Properties = {
            "IOUserClass": "Driver",
            "Nub": {"IOClass": "IOUserService", "IOUserClass": "Nub", "Inner": {}},
            "Keyboard": {"IOClass": "AppleUserHIDDevice"},
        }
        self.service = registry.attach(
            self.device, "Driver", "IOUserService", props=table, kind=Kind.DRIVER
        )
        self.driver = Driver(
            DriverId(1),
            "Driver",
            BundleId("com.example"),
            ContentHash("0" * 64),
            "P",
            provider=self.device,
            provider_path=registry.path(self.device),
            service=self.service,
        )
        self.bundles, self.everybody = Bundles(), Everybody()
        parts: Any = self.bundles
        kernel: Any = None
        watches = Watches(registry, kernel)
        published = Published(registry, parts, watches)
        role: Any = self.everybody
        published.use(role, role)
        hub: Any = None
        self.own = OwnEntries(registry, published, watches, PowerTree(registry, hub))

    def say(self, method: methods.ServiceMethod, entry: EntryId | None = None) -> object:
        return self.own.carry_out(self.driver, entry or self.service, method)

    def refused(self, method: methods.ServiceMethod, entry: EntryId | None = None) -> IOReturn:
        with pytest.raises(ReturnError) as caught:
            self.say(method, entry)
        return IOReturn(caught.value.code)

    def search(self, name: str, plane: str = "IOService", entry: int = 0) -> Value | None:
        method = service.SearchProperty(entry or self.service, name, plane, parents=True)
        found: Any = self.say(method)
        return properties.decode(found).get(name)


def in_loop(step: Callable[[], object]) -> None:
    """Take a step, and what it leaves for the loop."""

    async def taken() -> None:
        step()
        await asyncio.sleep(0)

    asyncio.run(taken())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_properties_are_searched_upwards_in_a_plane(bench: Bench) -> None:
    assert bench.search("IOUserClass") == "Driver"
    assert bench.search("idVendor") == 5
    assert bench.search("Speed") is None, "the hub is above in another plane"
    assert bench.search("Speed", "IOUSB", bench.device) == 3
    alone = service.SearchProperty(bench.service, "idVendor", "IOService", parents=False)
    found: Any = bench.say(alone)
    assert properties.decode(found) == {}
    for entry in (bench.hub, 1):
        method = service.SearchProperty(entry, "Speed", "IOService", parents=False)
        assert bench.refused(method) == IOReturn.NOT_PERMITTED


def test_providers_are_told_upwards_with_their_classes(bench: Bench) -> None:
    found: Any = bench.say(service.CopyProviderProperties(bench.service, ("idVendor", "IOClass")))
    told: Any = properties.decode(found)[service.PROVIDERS]
    own, device, root = told
    assert "idVendor" not in own
    assert device["idVendor"] == 5
    assert device["IOClass"][:2] == ["IOUSBHostDevice", "IOService"]
    assert root["IOClass"] == ["IORegistryEntry", "OSObject"]


def test_busy_counts_are_kept_above_zero(bench: Bench) -> None:
    bench.say(service.AdjustBusy(2))
    assert bench.say(service.GetBusyState(bench.device)) == 1
    assert bench.refused(service.AdjustBusy(-3)) == IOReturn.BAD_ARGUMENT
    bench.say(service.AdjustBusy(-2))
    assert bench.say(service.GetBusyState(bench.service)) == 0
    assert bench.refused(service.GetBusyState(bench.hub)) == IOReturn.NOT_PERMITTED


def test_names_and_properties_are_the_drivers_but_for_the_systems(bench: Bench) -> None:
    bench.say(service.SetName("Mine"))
    bench.say(methods.SetProperties(properties.encode({"A": 1, "B": 2})))
    bench.say(service.RemoveProperty("A"))
    bench.say(service.RemoveProperty("missing"))
    entry = bench.registry.entry(bench.service)
    assert (entry.name, properties.decode(entry.props).get("A")) == ("Mine", None)
    assert properties.decode(entry.props)["B"] == 2
    assert bench.refused(service.RemoveProperty("IOUserClass")) == IOReturn.NOT_PERMITTED
    with pytest.raises(BreachError, match="found IOMatchedPersonality"):
        bench.say(methods.SetProperties(properties.encode({"IOMatchedPersonality": {}})))


def test_a_nub_comes_and_goes_with_all_below(bench: Bench) -> None:
    nub: Any = bench.say(service.Create("Nub", ("Nub", "IOService")))
    entry = bench.registry.entry(nub)
    assert (entry.parent, entry.cls, entry.user_classes[0]) == (
        bench.service,
        "IOUserService",
        "Nub",
    )
    bench.say(methods.RegisterService(), nub)
    inner: Any = bench.say(service.Create("Inner", ("Inner",)), nub)
    bench.say(methods.RegisterService(), inner)
    assert bench.everybody.matched == [nub, inner]
    in_loop(lambda: bench.say(service.Terminate(), nub))
    assert bench.everybody.gone == [inner, nub], "those below first"
    assert bench.refused(service.GetBusyState(nub), nub) == IOReturn.NOT_ATTACHED
    assert bench.say(service.SetName("late"), nub) is None, "it does not know yet"


def test_a_nub_needs_a_dictionary_a_right_and_room(bench: Bench) -> None:
    assert bench.refused(service.Create("None", ("Nub",))) == IOReturn.BAD_ARGUMENT
    assert bench.refused(service.Create("Keyboard", ("Keys",))) == IOReturn.NOT_PERMITTED
    bench.bundles.entitlements = {"com.apple.developer.driverkit.family.hid.device": True}
    bench.say(service.Create("Keyboard", ("Keys",)))
    for _ in range(MOST - 1):
        bench.say(service.Create("Nub", ("Nub",)))
    assert bench.refused(service.Create("Nub", ("Nub",))) == IOReturn.NO_RESOURCES


def test_nubs_of_nubs_count_too(bench: Bench) -> None:
    at = bench.service
    for _ in range(MOST):
        bench.say(methods.SetProperties(properties.encode({"Nub": {}})), at)
        found: Any = bench.say(service.Create("Nub", ("Nub",)), at)
        at = found
    bench.say(methods.SetProperties(properties.encode({"Nub": {}})), at)
    assert bench.refused(service.Create("Nub", ("Nub",)), at) == IOReturn.NO_RESOURCES
    in_loop(lambda: bench.say(service.Terminate(), at))
    bench.say(service.Create("Nub", ("Nub",)))


def test_nobody_publishes_what_looks_like_a_device_of_the_machine(bench: Bench) -> None:
    forged: Properties = {
        "Port": {"IOClass": "IOUSBHostInterface", "idVendor": 5},
        "Noise": {"IOClass": "\x1b[2J" + "x" * 5000},
        "Number": {"IOClass": 1},
        "Process": {"IOUserServerPID": 1},
    }
    bench.say(methods.SetProperties(properties.encode(forged)))
    for key in ("Port", "Process"):
        assert bench.refused(service.Create(key, ("Nub",))) == IOReturn.NOT_PERMITTED
    for key in ("Noise", "Number"):
        assert bench.refused(service.Create(key, ("Nub",))) == IOReturn.BAD_ARGUMENT
    bench.registry.update(bench.service, cls="IOUSBHostInterface")  # as a personality may say
    assert bench.refused(methods.RegisterService()) == IOReturn.NOT_PERMITTED
    assert bench.everybody.matched == []


def test_a_driver_on_a_nub_is_no_program_at_it(bench: Bench) -> None:
    nub: Any = bench.say(service.Create("Nub", ("Nub",)))
    other = bench.registry.attach(nub, "Other", "IOUserService", kind=Kind.DRIVER)
    with pytest.raises(BreachError, match="a client of its own"):
        bench.say(methods.UserClientClosed(other), nub)
    assert bench.registry.get(other) is not None


def test_what_goes_with_its_device_is_published_no_longer(bench: Bench) -> None:
    nub: Any = bench.say(service.Create("Nub", ("Nub",)))
    bench.say(methods.RegisterService(), nub)
    in_loop(lambda: bench.registry.terminate(bench.device))
    assert bench.everybody.gone == [nub]
    bench.own.remove(bench.driver)
    bench.own.ended(bench.driver)


def test_a_nub_is_in_no_power_tree_until_it_joins(bench: Bench) -> None:
    nub: Any = bench.say(service.Create("Nub", ("Nub",)))
    assert bench.refused(service.ChangePowerState(0), nub) == IOReturn.NOT_READY
    assert bench.refused(service.ChangePowerState(7)) == IOReturn.BAD_ARGUMENT
    bench.say(service.JoinPMTree(), nub)
    shown = properties.decode(bench.registry.entry(nub).props)["IOPowerManagement"]
    assert shown == {"CapabilityFlags": 2, "CurrentPowerState": 2, "MaxPowerState": 2}


def test_an_answer_fits_a_packet(bench: Bench) -> None:
    bench.say(methods.SetProperties(properties.encode({"Large": bytes(60_000)})))
    bench.registry.merge_properties(bench.device, {"Large": bytes(60_000)})
    whole = service.CopyProviderProperties(bench.service)
    assert bench.refused(whole) == IOReturn.MESSAGE_TOO_LARGE
    bench.say(service.CopyProviderProperties(bench.service, ("idVendor",)))
