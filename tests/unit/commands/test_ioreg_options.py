"""`ioreg`'s command line: what an option would not do is refused, not ignored."""

import pytest

from runtime.commands.ioreg_options import parsed
from runtime.commands.ioreg_source import opened
from runtime.model.errors import ProblemError, UnavailableError


@pytest.mark.parametrize(
    "line",
    [
        "--anonymous",
        "--json --anonymous",
        "--since 14:30",
        "--watch --from machine.txt",
        "--watch --at 14:30",
        "--diff a b --from machine.txt",
        "--diff a b --at 14:30",
    ],
)
def test_an_option_without_effect_is_refused(line: str) -> None:
    with pytest.raises(UnavailableError, match=r"^option --[a-z]+: expected .*, found "):
        parsed(line.split())


def test_options_that_belong_together_are_taken() -> None:
    request = parsed(["--recording", "--since", "14:30", "--anonymous", "--from", "machine.txt"])
    assert (request.form, request.since, request.anonymous) == ("--recording", "14:30", True)
    assert parsed(["--from", "machine.txt", "--at", "14:30", "-l"]).at == "14:30"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("007x", 7), ("+12", 12), ("none", 0), ("9" * 5000, (1 << 31) - 1), ("0" * 5000 + "8", 8)],
)
def test_a_number_is_what_atoi_makes_of_it(text: str, expected: int) -> None:
    assert parsed(["-w", text]).options.width == expected


def test_a_name_that_no_file_can_have_is_named() -> None:
    name = "x" * 5000
    with pytest.raises(ProblemError, match=f"^{name}: expected a file, found: File name too long"):
        opened(name)
