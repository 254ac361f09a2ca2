"""`systemextensionsctl service`: what it writes, and when it refuses to."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from runtime.commands import service
from runtime.commands.systemextensionsctl import run
from runtime.linux import ownership
from runtime.model.errors import ProblemError


def test_unit_and_policy_are_written_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # installing again is an upgrade
        assert run(["service", "install", "--root", str(tmp_path)]) == 0
    unit = tmp_path / service.UNITS_FOLDER / service.UNIT
    policy = tmp_path / service.ACTIONS_FOLDER / service.POLICY
    assert '"runtime" --system\n' in unit.read_text()
    assert "@PROGRAM@" not in unit.read_text()
    assert [path.stat().st_mode & 0o777 for path in (unit, policy)] == [0o644, 0o644]
    assert run(["service", "uninstall", "--root", str(tmp_path)]) == 0
    assert not unit.exists()
    assert not policy.exists()
    assert run(["service", "status", "--root", str(tmp_path)]) == 0
    written, again, removed, status = capsys.readouterr().out.splitlines()
    assert written == again == f"written below {tmp_path}"
    assert (removed, status) == (f"removed below {tmp_path}", "not installed")


def test_without_systemd_nothing_is_written_and_what_is_there_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_BOOTED", tmp_path / "none")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ProblemError, match="expected systemd to run here and start it, found none"):
        service.install(tmp_path, start=True)
    assert list(tmp_path.iterdir()) == []
    service.install(tmp_path, start=False)
    service.uninstall(tmp_path, stop=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert "removed; what it knew stays" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    service.install(tmp_path, start=False)
    unit = tmp_path / service.UNITS_FOLDER / service.UNIT
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [("a b", '"a b"'), ('say "x"', '"say \\"x\\""'), ("%i $HOME \\", '"%%i $$HOME \\\\"')],
)
def test_a_path_stays_one_argument(argument: str, quoted: str) -> None:
    assert service._quoted(argument) == quoted


def test_root_runs_nothing_that_others_can_change(tmp_path: Path) -> None:
    program = tmp_path / "program"
    (program / "inner").mkdir(parents=True)
    module = program / "inner" / "module.py"
    module.write_text("")
    before = ownership.changeable([program])  # where tests do not run as root
    assert before is None or before.owner() != "root"
    module.chmod(0o666)
    assert ownership.changeable([program]) in (before, module)
    module.chmod(0o644)
    (program / "inner").chmod(0o777)
    assert ownership.changeable([module]) in (before, program / "inner")


def test_a_link_is_as_safe_as_what_it_goes_through(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes files that only root can change")
    unsafe = tmp_path / "unsafe"
    unsafe.mkdir(mode=0o755)
    (unsafe / "python").write_text("")
    (tmp_path / "bin").symlink_to("unsafe/python")
    assert ownership.changeable([tmp_path / "bin"]) is None
    unsafe.chmod(0o777)
    assert ownership.changeable([tmp_path / "bin"]) == unsafe
