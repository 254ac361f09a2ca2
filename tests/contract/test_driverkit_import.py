"""The SDK, as a driver's process imports it, brings in nothing that a sandbox would allow."""

import json
import subprocess
import sys

ROOMS = {"runtime", "runtime.driverkit", "runtime.wire", "runtime.model"}
THIRD_PARTY = {"msgspec", "typing_extensions"}  # msgspec takes the latter where it is installed


def imported_with(module: str) -> set[str]:
    """Names of all modules in a fresh interpreter that imported this one."""
    code = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_loads_only_its_own_rooms() -> None:
    rooms = {
        ".".join(name.split(".")[:2])
        for name in imported_with("runtime.driverkit")
        if name.split(".")[0] == "runtime"
    }
    assert "runtime.driverkit" in rooms
    assert rooms <= ROOMS


def test_loads_no_other_library() -> None:
    bare = {name.split(".")[0] for name in imported_with("json")}
    loaded = {name.split(".")[0] for name in imported_with("runtime.driverkit")}
    foreign = loaded - bare - sys.stdlib_module_names - {"runtime"}
    assert foreign <= THIRD_PARTY
    assert "ioregui" not in loaded
