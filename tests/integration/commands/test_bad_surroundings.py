"""Commands with arguments that are no text, and outputs that take nothing: one sentence each."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.client.blocking import connect
from runtime.model.errors import UnavailableError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of commands that find a runtime."""
    folder = tmp_path_factory.mktemp("with spaces")
    socket = folder / "a socket"
    command = [sys.executable, "-m", "runtime", "--socket", str(socket), "--state-dir", str(folder)]
    with subprocess.Popen(command, cwd=ROOT) as runtime:
        while runtime.poll() is None:
            try:
                connect("test", socket).close()
                break
            except UnavailableError:
                continue
        yield os.environ | {"IOREGISTRY_SOCKET": str(socket), "PYTHONPATH": str(ROOT)}
        runtime.terminate()


def _refused(environment: dict[str, str], *arguments: str | bytes, to: str = "") -> str:
    result = subprocess.run(
        ["sh", "-c", f'exec "$0" -m "$@" {to}', sys.executable, *arguments],
        env=environment,
        capture_output=True,
        timeout=30,
        check=False,
    )
    said = result.stderr.decode()
    assert result.returncode == 1
    assert "Traceback" not in said
    assert said.count("\n") == 1
    return said


def test_arguments_that_are_no_text(environment: dict[str, str]) -> None:
    """Bytes that are no UTF-8 cannot be sent."""
    said = _refused(environment, "runtime.commands.systemextensionsctl", "activate", b"/\xff.app")
    assert "UTF-8" in said
    assert "UTF-8" in _refused(environment, "runtime.commands.dext", "plug", b"\xff")


def test_arguments_that_are_too_long(environment: dict[str, str]) -> None:
    """They are refused here; the runtime would end the connection."""
    assert "256" in _refused(environment, "runtime.commands.dext", "plug", "x" * 10_000)


@pytest.mark.parametrize("to", [">/dev/full", ">&-"])
def test_an_output_that_takes_nothing(environment: dict[str, str], to: str) -> None:
    """A registry that could not be printed is no success."""
    assert "standard output" in _refused(environment, "runtime.commands.ioreg", "-l", to=to)


def test_a_full_output_of_a_list(environment: dict[str, str]) -> None:
    """The other commands say the same."""
    said = _refused(environment, "runtime.commands.systemextensionsctl", "list", to=">/dev/full")
    assert "standard output" in said
