"""The sandbox on Debian's kernel, whose Landlock knows less: the same tests, run inside."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel.vm import VirtualMachine

ROOT = Path(__file__).resolve().parents[2]
TESTS = (
    "test_escapes.py::test_every_escape_is_denied",
    "test_escapes.py::test_a_layer_alone_stops_its_attempts_and_no_others[Landlock]",
    "test_escapes.py::test_a_layer_alone_stops_its_attempts_and_no_others[seccomp]",
    "test_escapes.py::test_late_imports_work_inside",
    "test_sample.py::test_a_null_dereference_is_seen_as_such_with_its_frames",
    "test_lifetimes.py::test_a_killed_runtime_leaves_no_driver_even_one_that_holds_the_gil",
    "test_lifetimes.py::test_an_ordinary_user_s_drivers_are_locked_down_too",
    "test_groups.py::test_a_driver_has_a_group_of_its_own_until_it_is_reaped",
    "test_groups.py::test_more_than_the_limits_is_not_to_be_had[memory]",
    "test_groups.py::test_more_than_the_limits_is_not_to_be_had[tasks]",
    "test_groups.py::test_what_was_not_delegated_is_left_alone",
)
FAULTS, SEED, DEADLINE = 60, 2026, 4  # seconds for a callback: the guest is slow


@pytest.mark.parametrize("name", TESTS)
def test_holds_here_too(vm: VirtualMachine, measured: Callable[[str], None], name: str) -> None:
    path = str(ROOT / "tests/integration/host" / name)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    result = vm.run("env", f"--chdir={ROOT}", *command, timeout=240)
    assert result.code == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout, result.stdout  # and not skipped
    measured(f"guest: {name.partition('::')[2]}: {result.stdout.strip().splitlines()[-1]}")


def test_drivers_come_back_from_faults_here_too(
    vm: VirtualMachine, measured: Callable[[str], None]
) -> None:
    command = [sys.executable, "-m", "benchmarks.fault_campaign"]
    command += ["--count", str(FAULTS), "--seed", str(SEED), "--deadline", str(DEADLINE)]
    result = vm.run("env", f"--chdir={ROOT}", *command, timeout=240)
    assert result.code == 0, result.stdout + result.stderr
    counted = json.loads(result.stdout.splitlines()[-1])
    assert counted["injected"] == FAULTS
    assert 0 < counted["effective"] == counted["recovered"]
    assert (counted["escapes"], counted["runtime_failures"]) == (0, 0)
    measured(f"guest: {counted['recovered']} of {FAULTS} faults had an effect, all recovered")
