"""`dext explain`: what matches what, and why not; of a runtime, or of files alone.

Without --from and --catalogue the runtime is asked; with them the files are (`explaining_files`).
Invariant: reads only; prints one object for each provider and personality.
"""

import argparse
from collections.abc import Iterator, Sequence

import msgspec

from runtime.client.blocking import Connection
from runtime.commands import explaining_files, shell
from runtime.commands.explaining_files import Question, chosen
from runtime.commands.plaintext import plain
from runtime.model import match_words
from runtime.model.entry import Entry, Kind
from runtime.model.errors import ProblemError
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.wire import client as wire
from runtime.wire.commands.registry import Explain, Subscribe, Topic

SNAPSHOT_SECONDS = 30.0

_NOBODY = (
    "nothing to compare: the entry is not registered for matching, or no driver extension is "
    "enabled and no kernel module is for it"
)


class Row(msgspec.Struct, frozen=True):
    """One object of `--json`; of those for one provider and category at most one is the winner."""

    provider: str
    personality: str
    bundle: str
    stage: str
    matched: bool
    score: int
    score_parts: dict[str, int]
    category: str
    winner: bool
    failing_key: str
    wanted: str
    found: str
    reason: str


def run(options: argparse.Namespace) -> int:
    """Carry the verb out; returns the exit code."""
    if options.source or options.catalogue:
        _print(_of_files(options), options)
    else:
        with shell.open_runtime(options, "dext") as runtime:
            _print(_of_runtime(runtime, options), options)
    return shell.OK


def _print(rows: Iterator[Row], options: argparse.Namespace) -> None:
    """Print rows as they are found: there may be millions."""
    if options.personality:
        rows = iter(_of_personality(list(rows), options.personality))
    if options.json:
        _print_array(rows)
        return
    selected = bool(options.provider or options.personality)
    compared = shown = 0
    for row in rows:
        compared += 1
        if selected or row.stage != MatchStage.CLASS.value:
            shown += 1
            print(_line(row))
    if not shown:
        print("nothing matches, and nothing comes near" if compared else _NOBODY)


def _print_array(rows: Iterator[Row]) -> None:
    """One object a line."""
    before = "["
    for row in rows:
        print(before, msgspec.json.encode(row).decode(), sep="\n", end="")
        before = ","
    print("\n]" if before == "," else "[]")


# --- what is asked ---------------------------------------------------------------------------


def _of_runtime(runtime: Connection, options: argparse.Namespace) -> Iterator[Row]:
    entries = _entries(runtime)
    for entry, path in chosen(entries, options.provider):
        if entry.kind != Kind.DEVICE and not options.provider:  # named: drivers' nubs, too
            continue
        explanation = runtime.call(Explain(entry.id))
        yield from _rows(path, explanation.matches, options.personality)


def _of_files(options: argparse.Namespace) -> Iterator[Row]:
    question = Question(
        source=options.source,
        catalogues=tuple(options.catalogue),
        provider=options.provider,
        personality=options.personality,
        whole=options.json,
    )
    for path, matches in explaining_files.judged(question):
        yield from _rows(path, matches, options.personality)


def _entries(runtime: Connection) -> list[Entry]:
    runtime.call(Subscribe((Topic.ENTRIES,)))
    found: list[Entry] = []
    for message in runtime.messages(SNAPSHOT_SECONDS):
        if isinstance(message, wire.Part):
            found.extend(message.entries)
        elif isinstance(message, wire.SnapshotEnd):
            break
    return found


# --- rows ----------------------------------------------------------------------------------------


def _rows(path: str, matches: Sequence[Match], personality: str) -> Iterator[Row]:
    replaced = any(match.displaces for match in matches)
    for match in matches:
        if personality and personality not in {match.personality, match.cls, match.bundle_id}:
            continue
        sentence = match_words.reason(match)
        fits = match.stage in {MatchStage.MATCHED, MatchStage.CATEGORY, MatchStage.IDLE}
        yield Row(
            provider=path,
            personality=match.personality,
            bundle=match.bundle_id,
            stage=match.stage.value,
            matched=fits,
            score=match.score,
            score_parts=dict(match.parts),
            category=match.category,
            winner=_wins(match) and not (replaced and match.running and match.bundle_id == KERNEL),
            failing_key=match.key,
            wanted=match.wanted,
            found=match.found,
            reason=sentence.template.format(**sentence.fields),
        )


def _of_personality(rows: list[Row], selector: str) -> list[Row]:
    """The rows of one personality, first where it matches, last what it is not for.

    Raises:
        ProblemError: None is meant.
    """
    if not rows:
        raise ProblemError(
            "not-found", f"--personality {selector}: expected a personality's name, class, bundle "
            "or module that is compared with one of the providers, found none"
        )  # fmt: skip
    return sorted(rows, key=lambda row: (not row.matched, row.stage == MatchStage.CLASS.value))


def _wins(match: Match) -> bool:
    return match.stage is MatchStage.MATCHED and (match.running or not match.holder)


def _line(row: Row) -> str:
    return plain(f"{row.provider}: {row.personality} of {row.bundle}: {row.reason}")
