"""Truth from a kernel: the modules that our catalogue names for its devices are libkmod's."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel.image import GUEST
from tests.kernel.vm import VirtualMachine

ROOT = Path(__file__).resolve().parents[2]
DEVICES = ("usb-mouse", "usb-tablet", "usb-audio", "usb-net")


@pytest.fixture
def plugged(vm: VirtualMachine) -> Iterator[VirtualMachine]:
    """The guest with devices of several kinds beside its keyboard."""
    for name in DEVICES:
        vm.device_add(name, f"truth-{name}")
    vm.run("udevadm", "settle")
    yield vm
    for name in DEVICES:
        vm.device_del(f"truth-{name}")
    vm.run("udevadm", "settle")


def test_the_modules_of_every_device_are_libkmods(
    plugged: VirtualMachine, measured: Callable[[str], None]
) -> None:
    command = (sys.executable, str(GUEST / "modules.py"), "/run")
    result = plugged.run(*command, env={"PYTHONPATH": str(ROOT)}, timeout=240)
    assert result.code == 0, result.stderr
    found = json.loads(result.stdout)
    wrong = {modalias: one for modalias, one in found.items() if one["ours"] != one["libkmod"]}
    driven = [one for one in found.values() if one["libkmod"]]
    built_in = sorted({module for one in driven for module in one["built_in"]})
    measured(
        f"guest: modules of {len(found)} devices, {len(driven)} with some: {len(wrong)} that "
        f"libkmod resolves otherwise; built in among them: {', '.join(built_in) or 'none'}"
    )
    assert wrong == {}
    assert len(driven) > 10
    assert any(modalias.startswith("usb:") for modalias in found)
