"""How many programs may have a driver open, whatever else is below its service."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runtime.engine.connection import Beside
from runtime.engine.user_clients import MOST, UserClients
from runtime.extensions.program import Program
from runtime.linux.sockets import Peer
from runtime.model import properties
from runtime.model.entry import Kind
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, DriverId, EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.records import Driver
from runtime.registry.tree import Registry
from runtime.wire.commands.services import Opened, OpenService

BUNDLE = BundleId("com.example.meter")
ANY_PROGRAM = {"com.apple.developer.driverkit.allow-any-userclient-access": True}


class Bench:
    """One driver, at whose service anybody may be."""

    def __init__(self) -> None:
        self.registry = Registry(lambda: 0, lambda _change: None)
        self.service = self.registry.attach(ROOT_ID, "Meter", "IOUserService", kind=Kind.DRIVER)
        content = ContentHash("0" * 64)
        self.record = Driver(
            DriverId(1), "Meter", BUNDLE, content, "P", ROOT_ID, "", service=self.service
        )
        self.spec = SimpleNamespace(properties=properties.encode({}))
        role: Any = self
        self.clients = UserClients(
            self.registry, role, role, role, role, state_dir=Path("/nowhere")
        )
        self.status, self.developer = self, False
        self.entitlements = dict(ANY_PROGRAM)

    def __iter__(self) -> Iterator["Bench"]:
        """All drivers."""
        return iter([self])

    def get(self, _bundle_id: str) -> "Bench":
        """The bundle."""
        return self

    def note(self, _text: str) -> None:
        """Say something."""

    async def identify(self, _job: object) -> Program:
        """Which program asks."""
        return Program("trial", "", properties.encode({}))

    async def open(self, *_asked: object) -> tuple[str, ...]:
        """Have the driver serve a program."""
        return ("MeterClient", "IOUserClient")

    def opened(self) -> Opened:
        """Open the service once; the connection is closed, and the client stays."""
        peer = Peer(os.getpid(), os.getuid(), os.getgid())
        answer = asyncio.run(self.clients.open(OpenService(self.service, 0), peer))
        if isinstance(answer, Opened):
            return answer
        assert isinstance(answer, Beside)
        os.close(answer.descriptor)
        assert isinstance(answer.result, Opened)
        return answer.result


def test_nubs_keep_no_program_out() -> None:
    bench = Bench()
    for number in range(MOST):
        bench.registry.attach(bench.service, f"Nub{number}", "IOUserService", kind=Kind.NUB)
    last = EntryId(0)
    for _ in range(MOST):
        opened = bench.opened()
        assert opened.code == 0, opened.text
        last = opened.client
    refused = bench.opened()
    assert (refused.code, refused.text) == (
        IOReturn.NO_RESOURCES,
        f"Meter: {MOST} programs have it open",
    )
    bench.registry.terminate(last)
    assert bench.opened().code == 0
