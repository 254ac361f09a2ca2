"""What a machine or a user can do wrong: one sentence each, and nothing half done."""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.client.blocking import connect
from runtime.model.errors import ProblemError, UnavailableError
from runtime.model.events import Plugged
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import RequestState
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.extensions import Activate, SetDeveloperMode

from .apps import driver_source, make_app
from .conftest import ROOT, SAMPLE, SPARE_WORKER, RuntimeProcess, wait_for


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runtime", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("runtime: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_second_runtime_on_the_same_state(runtime_process: RuntimeProcess) -> None:
    """The second names the first and ends; the first goes on."""
    said = _one_sentence(_run("--state-dir", str(runtime_process.state_dir)))
    assert runtime_process.process is not None
    assert f"pid {runtime_process.process.pid}" in said
    assert runtime_process.records().drivers == ()


def test_a_second_runtime_on_the_same_socket(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    """A socket that is answered is never taken away."""
    other = tmp_path / "other"
    said = _one_sentence(_run("--state-dir", str(other), "--socket", str(runtime_process.socket)))
    assert "another runtime" in said
    assert runtime_process.records().drivers == ()


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    """A socket that nobody answers any more is in nobody's way."""
    path = tmp_path / "runtime.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    runtime = RuntimeProcess(tmp_path)
    runtime.start()
    assert runtime.records().drivers == ()
    runtime.stop()


def test_a_file_where_the_socket_should_be(tmp_path: Path) -> None:
    """It is somebody's file: left alone."""
    path = tmp_path / "precious"
    path.write_text("mine")
    _one_sentence(_run("--state-dir", str(tmp_path / "state"), "--socket", str(path)))
    assert path.read_text() == "mine"


def test_a_state_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Not even root can make a folder below a file."""
    file = tmp_path / "file"
    file.write_text("")
    said = _one_sentence(_run("--state-dir", str(file / "state")))
    assert str(file / "state") in said


def test_a_socket_path_that_is_too_long(tmp_path: Path) -> None:
    """107 bytes is what the kernel takes."""
    said = _one_sentence(
        _run("--state-dir", str(tmp_path / "s"), "--socket", str(tmp_path / ("x" * 120)))
    )
    assert "107" in said


def test_a_folder_among_the_staged_bundles(tmp_path: Path) -> None:
    """What cannot be swept away is told, and keeps nobody from work."""
    (tmp_path / "state" / "staged" / "folder").mkdir(parents=True)
    runtime = RuntimeProcess(tmp_path)
    runtime.start()
    wait_for(lambda: any("staged" in note for note in runtime.records().status.notes), "a note")
    runtime.stop()


def test_what_a_broken_store_approved_is_kept_until_the_store_is_mended(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    runtime_process.call(SetDeveloperMode(on=True))
    request = runtime_process.call(Activate(str(make_app(tmp_path, driver_source("")))))
    assert runtime_process.approve(request).state is RequestState.COMPLETED
    runtime_process.stop()
    (store,) = tmp_path.rglob("extensions.sqlite")
    staged = sorted((store.parent / "staged").iterdir())
    assert staged
    good = store.read_bytes()
    store.write_bytes(b"no database" * 500)
    runtime_process.start()
    assert not runtime_process.records().extensions
    runtime_process.child(SPARE_WORKER)  # which comes after what is done at a start
    runtime_process.stop()
    assert sorted((store.parent / "staged").iterdir()) == staged
    for part in store.parent.glob("extensions.sqlite*"):
        part.unlink()
    store.write_bytes(good)
    runtime_process.start()
    (extension,) = runtime_process.records().extensions
    assert extension.state is ExtensionState.ACTIVE, extension


def test_no_file_can_grow(runtime_process: RuntimeProcess) -> None:
    """As on a full disk: refused, nothing changed, events wait; with room again all is well."""
    assert runtime_process.process is not None
    pid = runtime_process.process.pid
    request = runtime_process.pending()
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    with pytest.raises(ProblemError, match=r"extensions\.sqlite"):
        runtime_process.approve(request)
    assert runtime_process.records().requests[0].state is RequestState.WAITING
    runtime_process.call(Plug("sample"))
    wait_for(lambda: runtime_process.records().status.notes != (), "the note")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    wait_for(lambda: runtime_process.records().status.notes == (), "the note to go")
    assert runtime_process.approve(request).state == "completed"


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    """A relative path has nothing to start from, and says so."""
    script = 'cd "$1" && rmdir "$1" && exec "$2" -m runtime --state-dir x'
    result = subprocess.run(
        ["sh", "-c", script, "sh", str(tmp_path), sys.executable],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "current folder" in _one_sentence(result)


def test_nobody_listens(tmp_path: Path) -> None:
    """A command without a runtime says what to do."""
    with pytest.raises(UnavailableError, match="run `python -m runtime`"):
        connect("test", tmp_path / "nothing")


def _broken_plist(app: Path) -> None:
    next(app.rglob("*.dext/Info.plist")).write_bytes(b"<plist><dict><key>CF")


def _no_executable(app: Path) -> None:
    next(app.rglob("*.dext/Trial.py")).unlink()


def _link_out(app: Path) -> None:
    (next(app.rglob("*.dext")) / "passwd").symlink_to("/etc/passwd")


def _no_extension(app: Path) -> None:
    dext = next(app.rglob("*.dext"))
    for file in dext.iterdir():
        file.unlink()
    dext.rmdir()


@pytest.mark.parametrize("spoil", [_broken_plist, _no_executable, _link_out, _no_extension])
def test_a_broken_bundle(
    runtime_process: RuntimeProcess, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """Refused in one sentence, and no trace of it is kept."""
    app = make_app(tmp_path, driver_source("pass"))
    spoil(app)
    with pytest.raises(ProblemError) as refused:
        runtime_process.pending(app)
    assert "\n" not in str(refused.value)
    assert "expected" in str(refused.value)
    assert runtime_process.records().requests == ()


def test_outside_the_applications_folders(runtime_process: RuntimeProcess) -> None:
    """Without developer mode an app has to be where apps are; the rule and path are named."""
    with pytest.raises(ProblemError) as refused:
        runtime_process.call(Activate(str(SAMPLE)))
    assert str(SAMPLE) in str(refused.value)
    assert "Applications" in str(refused.value)


def test_approval_needs_developer_mode(runtime_process: RuntimeProcess) -> None:
    """An unsigned extension is not approved while the mode is off."""
    request = runtime_process.pending()
    runtime_process.call(SetDeveloperMode(on=False))
    with pytest.raises(ProblemError) as refused:
        runtime_process.approve(request)
    assert refused.value.code == "developer-mode"


def test_in_a_terminal_it_says_when_and_where_it_listens(tmp_path: Path) -> None:
    sock = tmp_path / "socket"
    screen, terminal = os.openpty()
    with os.fdopen(screen) as said:
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "runtime", "--socket", str(sock)),
                *("--state-dir", str(tmp_path / "state")),
            ],
            cwd=ROOT,
            stdout=terminal,
            process_group=0,
        ) as process:
            os.close(terminal)
            assert said.readline() == f"listening at {sock}; Ctrl-C ends it\n"
            connect("test", sock).close()
            os.killpg(process.pid, signal.SIGINT)
        assert process.returncode == 0


def test_decisions_over_the_socket_are_refused_by_default(tmp_path: Path) -> None:
    """Only the window that started a runtime decides, unless the runtime was told otherwise."""
    runtime = RuntimeProcess(tmp_path)
    runtime.process = subprocess.Popen(
        [
            *(sys.executable, "-m", "runtime", "--socket", str(runtime.socket)),
            *("--state-dir", str(runtime.state_dir)),
        ],
        cwd=ROOT,
    )
    runtime.connect()
    with pytest.raises(ProblemError) as refused:
        runtime.call(SetDeveloperMode(on=True))
    assert refused.value.code == "not-allowed"
    assert not runtime.records().status.may_approve
    runtime.stop()


def test_garbage_from_a_client(runtime_process: RuntimeProcess) -> None:
    """The connection ends with a reason; the others go on."""
    with socket.socket(socket.AF_UNIX) as rude:
        rude.settimeout(20)
        rude.connect(str(runtime_process.socket))
        rude.sendall(os.urandom(4096))
        heard = b""
        while chunk := rude.recv(65536):
            heard += chunk
    assert b"frame" in heard or b"message of a client" in heard
    assert runtime_process.records().drivers == ()


def test_a_journal_that_is_removed_is_made_again(runtime_process: RuntimeProcess) -> None:
    """The user is told, and what happens afterwards outlives the runtime."""
    journal = runtime_process.state_dir / "journal.sqlite"
    wait_for(journal.exists, "the journal")
    journal.unlink()
    wait_for(
        lambda: any(
            "a new one was begun" in note for note in runtime_process.records().status.notes
        ),
        "a new journal",
    )
    runtime_process.call(Plug("sample"))
    runtime_process.stop()
    runtime_process.start()
    assert any(isinstance(event.detail, Plugged) for event in runtime_process.events())


def test_a_container_that_is_told_of_no_device(tmp_path: Path) -> None:
    """Nothing of the machine comes or goes there unsaid; what is simulated does."""
    inside = ("unshare", "--user", "--map-root-user", "--net")
    runtime = RuntimeProcess(tmp_path, inside)
    runtime.start()
    (note,) = runtime.records().status.notes
    assert note.startswith("device events: expected those of the machine, found a container")
    runtime.call(Plug("sample"))
    listed = subprocess.run(
        [sys.executable, "-m", "runtime.commands.dext", "--socket", str(runtime.socket), "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (listed.stdout, listed.stderr) == ("no drivers\n", f"note: {note}\n")
    runtime.stop()
