"""docs/commands.md against the parsers: every command and option is there, and no other."""

import argparse
import re
from pathlib import Path

import pytest

from ioregui import __main__ as window
from ioregui import pages
from runtime.commands import dext, systemextensionsctl

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
EVERYWHERE = {"-h", "--help", "--socket", "--state-dir"}


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def options(parser: argparse.ArgumentParser) -> set[str]:
    found = {name for action in parser._actions for name in action.option_strings} - EVERYWHERE
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(*map(options, action.choices.values()))
    return found


@pytest.mark.parametrize(
    ("title", "parser"),
    [
        ("systemextensionsctl", systemextensionsctl._parser()),
        ("dext", dext._parser()),
    ],
    ids=["systemextensionsctl", "dext"],
)
def test_every_command_with_its_options(title: str, parser: argparse.ArgumentParser) -> None:
    (verbs,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    rows = dict(re.findall(r"^\| `(\w+)([^`]*)` \|", section(title), re.MULTILINE))
    assert set(rows) == set(verbs.choices)
    for name, sub in verbs.choices.items():
        assert set(re.findall(r"-{1,2}[a-z]+\b", rows[name])) == options(sub), name


def test_every_option_of_the_window() -> None:
    table = section("ioregui").partition("| option |")[2].partition("| keys |")[0]
    assert set(re.findall(r"--[a-z][a-z-]*", table)) - EVERYWHERE == options(window._parser())
    assert all(f"`{name}`" in table for name in pages.NAMES)
