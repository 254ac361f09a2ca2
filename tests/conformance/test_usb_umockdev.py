"""The suite of USB providers on devices of umockdev's, as far as that emulates a node."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.conformance import suite_umockdev, umockdev

PROGRAM = Path(suite_umockdev.__file__)
FIRST = 11  # of the devices' numbers


def test_the_suite(tmp_path: Path, measured: Callable[[str], None]) -> None:
    options: list[str | Path] = []
    nodes: dict[str, str] = {}
    for number, (name, test) in enumerate(suite_umockdev.suite(), FIRST):
        noted = suite_umockdev.note(test)
        if noted.missing:
            measured(f"suite on umockdev: not {name}: {', '.join(sorted(noted.missing))}")
            continue
        nodes[name] = f"/dev/bus/usb/001/{number:03}"
        described, recording = (tmp_path / f"{number}.{kind}" for kind in ("umockdev", "ioctl"))
        described.write_text(suite_umockdev.dump(number))
        recording.write_text("".join(noted.lines))
        options += ["--device", described, "--ioctl", f"{nodes[name]}={recording}"]
    ended = json.loads(umockdev.run(PROGRAM, tuple(options), json.dumps(nodes)))
    measured(
        f"suite on umockdev: {list(ended.values()).count('')} of {len(nodes)} that it can play"
    )
    assert ended == dict.fromkeys(nodes, "")
