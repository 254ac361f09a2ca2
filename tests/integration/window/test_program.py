"""`python -m ioregui` as a process of its own, with its real runtime."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60.0


def environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "IOREGISTRY_SOCKET"}
    }
    return kept | {"IOREGISTRY_STATE_DIR": str(folder), "PYTHONUNBUFFERED": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ioregui", *arguments]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_screenshot_is_written(tmp_path: Path, theme: str) -> None:
    picture = tmp_path / "out.png"
    done = subprocess.run(
        command("--screenshot", str(picture), "--theme", theme),
        env=environment(tmp_path / "state"),
        timeout=SECONDS,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000  # a window with text in it, not an empty ground


def test_screenshot_of_another_page_without_a_word_of_the_platform(tmp_path: Path) -> None:
    picture = tmp_path / "out.png"
    done = subprocess.run(
        command("--screenshot", str(picture), "--page", "events"),
        env=environment(tmp_path / "state"),
        timeout=SECONDS,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_screenshot_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--screenshot", str(tmp_path / "missing" / "out.png")),
        env=environment(tmp_path / "state"),
        timeout=SECONDS,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "expected a file that can be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_display_the_registry_is_printed(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(),
        env=environment(tmp_path / "state"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        assert "no display" in process.stdout.readline()
        assert process.stdout.readline().startswith("Root  <IORegistryEntry>")
        while "entries" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, while others still start
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_nobody_at_the_socket_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--connect", str(tmp_path / "nobody.sock")),
        env=environment(tmp_path / "state"),
        timeout=SECONDS,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nobody.sock" in done.stderr


def test_unknown_role_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--role=juggler"),
        env=environment(tmp_path / "state"),
        timeout=SECONDS,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "juggler" in done.stderr


def test_screenshot_of_a_file_that_cannot_be_read_says_so_at_once(tmp_path: Path) -> None:
    missing, picture = tmp_path / "missing.txt", tmp_path / "out.png"
    done = subprocess.run(
        command("--open", str(missing), "--screenshot", str(picture)),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=25.0,  # not the half minute that a registry may take
        check=False,
    )
    assert done.returncode == 1
    assert f"{missing}: expected a file, found" in done.stderr
    assert not picture.exists()


def test_a_picture_where_no_runtime_listens_says_so_at_once_and_makes_no_home(
    tmp_path: Path,
) -> None:
    nobody, home = tmp_path / "nobody.sock", tmp_path / "no-home"
    bare = {name: value for name, value in environment(tmp_path).items() if "XDG" not in name}
    done = subprocess.run(
        command("--connect", str(nobody), "--screenshot", str(tmp_path / "out.png")),
        env=bare | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=25.0,  # as above
        check=False,
    )
    assert done.returncode == 1
    assert f"runtime: expected one listening at {nobody}, found none" in done.stderr
    assert not home.exists()


def test_a_page_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--page", "bogus"),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "expected one of registry, drivers, " in done.stderr
    assert "found 'bogus'" in done.stderr
