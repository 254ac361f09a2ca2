"""Boots the VM of the kernel tests and measures: pyusb, our fast path, our mediated one.

Rounds alternate, each of medians; what is printed are the best round of each and their ratios, as
what else the machine does only adds. The guest is emulated, so only the ratios mean anything: every
step of a program takes 15 to 30 times as long as on a machine, and a device's answer does not. It
has one processor, as emulated ones take long to wake each other.
Invariant: what is printed was measured in this run.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from benchmarks.usb.driver import PERSONALITY, SOURCE
from benchmarks.usb.peer import SIZES
from tests.integration.line.apps import BUNDLE, make_app
from tests.kernel import image
from tests.kernel.conftest import Inspector
from tests.kernel.test_usb import approve
from tests.kernel.vm import VirtualMachine

HERE = Path(__file__).parent
ROUNDS = 3
QUIET_SECONDS = "30"  # for a driver to measure, and the command before it to be gone
GOALS = {"fast": 1.0, "mediated": 2.0}
DEEP_GOAL = 1.8

Figures = dict[str, float]


def main() -> int:
    """Measure and print; 0 when every goal was met, else 1."""
    with VirtualMachine(image.prepare(image.cache_folder()), processors=1) as machine:
        made = machine.run("sh", str(HERE / "gadget.sh"))
        if made.code:
            sys.exit(f"gadget: expected a device, found {made.stderr}")
        inspector = Inspector(machine)
        inspector.start()
        inspector.run("systemextensionsctl", "developer", "on")
        rounds: dict[str, list[Figures]] = {"pyusb": [], "fast": [], "mediated": []}
        for _ in range(ROUNDS):
            peer = machine.run(sys.executable, str(HERE / "peer.py"))
            rounds["pyusb"].append(json.loads(peer.stdout))
            for path in GOALS:
                rounds[path].append(_ours(inspector, path, len(rounds[path])))
        inspector.stop()
    return _tell({name: _best(found) for name, found in rounds.items()})


def _ours(inspector: Inspector, path: str, number: int) -> Figures:
    tag = f"{path}-{number}"
    with tempfile.TemporaryDirectory() as folder:
        table = PERSONALITY | {"CFBundleIdentifier": BUNDLE, "IOUserServerName": BUNDLE}
        app = make_app(
            Path(folder), SOURCE.format(path=path, tag=tag), IOKitPersonalities={"Trial": table}
        )
        approve(inspector, app)
        inspector.machine.run("sleep", QUIET_SECONDS)  # nothing else runs while it measures
        told = inspector.until(lambda said: f"measured {tag}" in said, "dext", "log", "Trial")
        inspector.run("systemextensionsctl", "deactivate", BUNDLE)
    found: Figures = json.loads(re.findall(rf"measured {tag} (\{{.*\}})", told)[-1])
    if bool(found.pop("direct")) != (path == "fast"):
        sys.exit(f"{path}: expected the driver's data to go that way, found the other")
    return found


def _best(rounds: list[Figures]) -> Figures:
    return {key: min(one[key] for one in rounds) for key in rounds[0]}


def _tell(found: dict[str, Figures]) -> int:
    met = True
    for size in SIZES:
        for way in ("in", "out"):
            peer = found["pyusb"][f"{way} {size}"]
            for path, goal in GOALS.items():
                ratio = found[path][f"{way} {size}"] / peer
                met = met and ratio <= goal
                print(f"bulk {way} {size}: {path} {ratio:.2f} of pyusb's {peer:.0f} us (≤ {goal})")
    for path in GOALS:
        gain = found[path]["deep 1"] / found[path]["deep 8"]
        met = met and (path != "fast" or gain >= DEEP_GOAL)
        print(
            f"{path}: 8 outstanding {gain:.2f} times as fast as 1 (≥ {DEEP_GOAL} on the fast path)"
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
