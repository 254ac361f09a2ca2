"""What a driver process may publish through, and why it may not."""

import os
from pathlib import Path

import pytest

from runtime.linux import uhid
from runtime.supervisor.publishing import publishing
from runtime.wire.broker import Denials

FREE = Denials("", "no event service")


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for /dev/uhid of a kernel with the module."""
    node = tmp_path / "uhid"
    node.touch()
    monkeypatch.setattr(uhid, "NODE", str(node))
    monkeypatch.setattr(uhid, "MODULE", str(node))
    return node


def test_it_is_open_while_the_broker_is_told(node: Path) -> None:
    with publishing(FREE, real=True) as (denials, (opened,)):
        assert denials == FREE
        assert os.path.samestat(os.fstat(opened), node.stat())
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened)


@pytest.mark.parametrize(("what", "said"), [("MODULE", "modprobe uhid"), ("NODE", "No such file")])
def test_what_is_missing_is_one_sentence(
    node: Path, monkeypatch: pytest.MonkeyPatch, what: str, said: str
) -> None:
    """Beside what is denied anyway."""
    monkeypatch.setattr(uhid, what, str(node.with_name("absent")))
    with publishing(FREE, real=True) as (denials, opened):
        assert opened == ()
        assert said in denials.device
        assert denials.events == FREE.events


def test_nothing_is_opened_for_who_may_publish_nothing(node: Path) -> None:
    node.unlink()
    for denials, real in ((FREE, False), (Denials("no", "no"), True)):
        with publishing(denials, real=real) as found:
            assert found == (denials, ())
