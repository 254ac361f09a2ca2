"""`ioreg`'s command line: what an option would not do is refused, not ignored."""

import pytest

from runtime.commands.ioreg_options import parsed
from runtime.model.errors import UnavailableError


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
