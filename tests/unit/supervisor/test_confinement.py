"""What a process says of its sandbox becomes the record's: bounded, and named by its device."""

import pytest

from runtime.model.outcome import Stage
from runtime.supervisor.confinement import ELEVATED, MAY_GO_FIRST, SENTENCES, Outside, fields
from runtime.wire.driver import Staged


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("IOService:/Linux/1-2@12/Interface 0@0", "Interface 0@0 of 1-2@12"),
        ("IOService:/Disk", "Disk of IOService:"),
        ("", "its provider"),
    ],
)
def test_a_driver_may_talk_to_its_provider(path: str, named: str) -> None:
    told = fields(Staged(Stage.LOCKED_DOWN, may=("read",)), Outside(), path, ())
    assert told["may"] == (f"talk to {named}", "read")


def test_a_process_that_says_too_much_is_cut_short() -> None:
    many = tuple(map(str, range(100)))
    told = fields(
        Staged(Stage.LOCKED_DOWN, many, many, may=many, may_not=many),
        Outside(many, many, elevated=True),
        "a/b",
        (),
    )
    assert {len(lines) for lines in told.values()} == {SENTENCES}


def test_what_a_shared_process_reaches_is_said_of_each_driver_in_it() -> None:
    told = fields(Staged(Stage.LOCKED_DOWN), Outside(), "IOService:/a/b", ("IOService:/c/d",))
    assert told["may"] == (
        "talk to b of a",
        "talk to d of c, as another driver in its process does",
    )


def test_precedence_is_told_with_what_the_process_says() -> None:
    staged = Staged(Stage.LOCKED_DOWN, ("seccomp",), may=("read",))
    told = fields(staged, Outside(("group",), elevated=True), "IOService:/a/b", ())
    assert told["sandbox"] == ("group", ELEVATED, "seccomp")
    assert told["may"] == ("talk to b of a", MAY_GO_FIRST, "read")
