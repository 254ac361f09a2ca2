"""Where an argument may stand, and what is said of one that is missing."""

import pytest

from runtime.commands import systemextensionsctl


@pytest.mark.parametrize(
    "arguments",
    [
        ["trust", "add", "--for", "notary", "root.crt"],
        ["trust", "add", "root.crt", "--for", "notary"],
    ],
)
def test_an_option_stands_before_or_behind(arguments: list[str]) -> None:
    given = systemextensionsctl._parser().parse_args(arguments)
    assert (given.item, given.purpose) == ("root.crt", "notary")


@pytest.mark.parametrize("verb", ["trust", "policy"])
@pytest.mark.parametrize("what", ["add", "remove"])
def test_a_missing_item_is_wrong_usage(
    verb: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        systemextensionsctl._parser().parse_args([verb, what])
    assert ended.value.code == 2
    assert "required: ITEM" in capsys.readouterr().err
