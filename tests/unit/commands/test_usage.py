"""Where an argument may stand, what is said of one that is missing, and which verbs there are."""

import argparse

import pytest

from runtime.commands import dext, dext_drivers, systemextensionsctl


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


def test_every_verb_of_a_runtime_can_be_carried_out() -> None:
    parser = dext._parser()
    (verbs,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    asking = {name for name, one in verbs.choices.items() if one.get_default("verb") is not None}
    assert asking == set(dext_drivers.VERBS)
