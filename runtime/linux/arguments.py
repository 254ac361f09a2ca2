"""The command line of every program of the project: what is wrong with it is one sentence.

Source: argparse.
Invariant: a complaint names what was expected and what was found, never the whole usage.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NoReturn

USAGE = 2
"""Exit code of a command line that is not understood."""


class Parser(argparse.ArgumentParser):
    """Complains in one sentence and ends with `USAGE`.

    Attributes:
        mixes: Whether names may stand on both sides of options; not in one that has verbs.
    """

    mixes = False

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(USAGE, f"{self.prog}: {message}; see `{self.prog} --help`\n")

    def parse_args(  # type: ignore[override]  # one signature for argparse's three
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """What the words mean, by default those of this process; leaves where they mean nothing."""
        words = sys.argv[1:] if args is None else args
        for before, word in pairwise(("", *words)):
            if not word and not before.startswith("-"):
                self.error("expected a name or a path, found an empty one")
        options: argparse.Namespace
        options, rest = self.parse_known_args(words, namespace)
        if rest:
            self.error(f"expected arguments that it knows, found {' '.join(rest)}")
        return options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """As argparse's."""
        if not self.mixes:
            return super().parse_known_args(args, namespace)
        self.mixes = False  # it calls this again, for the options and for the names
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.mixes = True

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = ", ".join(map(str, action.choices))
            raise argparse.ArgumentError(action, f"expected one of {known}, found {value!r}")
