"""The command line of ioreg as one request, and the options that it refuses."""

import pytest

from runtime.commands.ioreg_options import parsed
from runtime.commands.ioreg_source import opened
from runtime.model.errors import ProblemError, UnavailableError


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("--watch --from a", "option --from: expected no --watch with it, found it"),
        ("--watch --at now", "option --at: expected no --watch with it, found it"),
        ("--diff a b --at now", "option --at: expected no --diff with it, found it"),
        ("--diff a b --stats", "option --stats: expected no --diff with it, found it"),
        ("--since now", "option --since: expected --recording with it, found none"),
        ("--json --anonymous", "option --anonymous: expected --recording with it, found none"),
    ],
)
def test_no_option_goes_unheard(given: str, sentence: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        parsed(given.split())
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "given", ["--diff a b --json -p IOUSB", "--recording --since now --at now"]
)
def test_options_that_go_together(given: str) -> None:
    parsed(given.split())


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
