"""The kernel's module aliases: where they are read, the cache, and who competes."""

from pathlib import Path

import pytest

from runtime.engine.kernel_drivers import CACHE, KernelDrivers
from runtime.model.entry import Entry, Holder
from runtime.model.identity import EntryId
from runtime.model.properties import Properties

DEVICE: Properties = {"MODALIAS": "usb:v1209p0001d0100dc00dsc00dp00ic03isc01ip01in00"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "modules"
    made.mkdir()
    (made / "modules.alias").write_text("alias usb:v*p*d*dc*dsc*dp*ic03isc*ip*in* usbhid\n")
    (made / "modules.builtin.modinfo").write_bytes(
        b"ahci.license=GPL\0ahci.alias=pci:v*d*sv*sd*bc01sc06i01*\0x.alias=a b\0"
    )
    return made


def entry(driver: str, holder: Holder = Holder.KERNEL) -> Entry:
    return Entry(EntryId(5), 1, "I", "IOUSBHostInterface", holder=holder, driver=driver)


def test_loadable_and_built_in_modules(tmp_path: Path, folder: Path) -> None:
    kernel = KernelDrivers(tmp_path, folder)
    assert len(kernel) == 2
    assert [kext.module for kext in kernel.of_device(DEVICE)] == ["usbhid"]
    pci: Properties = {"MODALIAS": "pci:v00008086d00003A20sv00001043sd000082D4bc01sc06i01"}
    assert [kext.module for kext in kernel.of_device(pci)] == ["ahci"]
    assert kernel.of_device({}) == []


def test_who_competes_for_an_entry(tmp_path: Path, folder: Path) -> None:
    kernel = KernelDrivers(tmp_path, folder)
    assert kernel.bound(entry("usbhid"), DEVICE) == ("usbhid", 49_000)
    assert kernel.bound(entry("usbhid", Holder.EXTENSION), DEVICE) == ("", 0)
    assert kernel.bound(entry("hid-generic"), {}) == ("", 0)
    assert kernel.bound(entry("usb"), {}) == ("", 0)


def test_a_cache_serves_its_own_text_only(tmp_path: Path, folder: Path) -> None:
    KernelDrivers(tmp_path, folder)
    kept = (tmp_path / CACHE).read_bytes()
    assert len(KernelDrivers(tmp_path, folder)) == 2
    assert (tmp_path / CACHE).read_bytes() == kept
    (folder / "modules.alias").write_text("")
    assert len(KernelDrivers(tmp_path, folder)) == 1
    assert (tmp_path / CACHE).read_bytes() != kept
    (tmp_path / CACHE).write_bytes(kept[:32] + b"damaged")
    assert len(KernelDrivers(tmp_path, folder)) == 1


def test_without_modules_and_without_a_folder_to_write(tmp_path: Path) -> None:
    kernel = KernelDrivers(tmp_path / "none", tmp_path / "nothing")
    assert len(kernel) == 0
    assert kernel.of_device(DEVICE) == []
