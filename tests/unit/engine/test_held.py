"""What one runtime leaves to the next one about the interfaces that brokers hold."""

from pathlib import Path

from runtime.engine.held import HeldInterfaces

NODE = "/dev/bus/usb/001/002"


def test_the_next_runtime_finds_what_was_held(tmp_path: Path) -> None:
    path, said = tmp_path / "held", list[str]()
    held = HeldInterfaces(path, said.append)
    assert held.left == frozenset()
    held.keep(frozenset({(NODE, 0), (NODE, 3)}))
    assert HeldInterfaces(path, said.append).left == {(NODE, 0), (NODE, 3)}
    held.keep(frozenset({(NODE, 3)}))
    assert HeldInterfaces(path, said.append).left == {(NODE, 3)}
    held.keep(frozenset())
    assert HeldInterfaces(path, said.append).left == frozenset()
    assert not said


def test_a_damaged_file_holds_what_makes_sense(tmp_path: Path) -> None:
    path = tmp_path / "held"
    path.write_bytes(b"\xff\xfe\n" + NODE.encode() + b" 1\nno number\n/dev/x -1\n")
    assert HeldInterfaces(path, print).left == {(NODE, 1)}


def test_one_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    said: list[str] = []
    held = HeldInterfaces(tmp_path / "none" / "held", said.append)
    held.keep(frozenset({(NODE, 0)}))
    assert said == [f"{tmp_path}/none/held: expected to write it, found: No such file or directory"]
