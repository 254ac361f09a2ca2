"""The kernel's modules change while a runtime runs: a worker indexes them anew."""

import asyncio
from pathlib import Path

import pytest

from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.module_watch import ModuleWatch
from runtime.engine.workers import Workers
from runtime.model.properties import Properties

DEVICE: Properties = {"MODALIAS": "usb:v1209p0001d0100dc00dsc00dp00ic03isc01ip01in00"}
SECONDS = 20.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "modules"
    made.mkdir()
    (made / "modules.alias").write_text("alias usb:v*p*d*dc*dsc*dp*ic03isc*ip*in* usbhid\n")
    return made


def test_only_another_file_is_a_change(tmp_path: Path, folder: Path) -> None:
    kernel = KernelDrivers(tmp_path, folder)
    assert not kernel.changed()
    (folder / "modules.builtin.modinfo").write_bytes(b"")
    assert kernel.changed()
    assert not kernel.changed()
    (folder / "modules.alias").unlink()
    assert kernel.changed()


def test_what_is_no_index_is_not_taken(tmp_path: Path, folder: Path) -> None:
    kernel = KernelDrivers(tmp_path, folder)
    assert not kernel.take(b"damaged")
    assert [kext.module for kext in kernel.of_device(DEVICE)] == ["usbhid"]


def test_another_module_is_there_and_everything_matched_again(tmp_path: Path, folder: Path) -> None:
    kernel = KernelDrivers(tmp_path, folder)
    troubles: list[str] = []

    async def until_changed() -> None:
        changed = asyncio.Event()
        watch = ModuleWatch(kernel, Workers(), tmp_path, changed.set, troubles.append)
        watch.start(0.01)
        (folder / "modules.alias").write_text("alias usb:v1209p*d*dc*dsc*dp*ic*isc*ip*in* mine\n")
        await asyncio.wait_for(changed.wait(), SECONDS)
        watch.close()

    asyncio.run(until_changed())
    assert troubles == []
    assert [kext.module for kext in kernel.of_device(DEVICE)] == ["mine"]
    assert not kernel.changed()
