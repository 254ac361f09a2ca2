"""`dext explain`: what matches what, and why not; of a runtime, or of files alone.

Without --from and --catalogue the runtime is asked. With them nothing but the files is looked
at: --from any registry file (the present registry without it), --catalogue an Info.plist, a
bundle, a folder of bundles, a prelinked dictionary or a `modules.alias`.
Invariant: reads only; prints one object for each provider and personality.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec

from runtime.client.blocking import Connection
from runtime.commands import ioreg_source, shell
from runtime.commands.plaintext import plain
from runtime.extensions.plist_files import read_sources
from runtime.interchange.registry_file import FileEntry, properties_of
from runtime.matching import aliases, competition
from runtime.matching.aliases import AliasIndex
from runtime.matching.catalogue import Catalogue
from runtime.matching.provider import Provider
from runtime.model import match_words
from runtime.model.classes import chain
from runtime.model.entry import Entry, Kind
from runtime.model.errors import ProblemError
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.personality import Personality
from runtime.wire import client as wire
from runtime.wire.commands.registry import Explain, Subscribe, Topic

SNAPSHOT_SECONDS = 30.0
NEAREST = 20  # personalities that fail on a provider, of which a list of all providers tells

_NOBODY = "nothing to compare: no driver extension is enabled, and no kernel module is for it"


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


# --- a runtime ---------------------------------------------------------------------------------


def _of_runtime(runtime: Connection, options: argparse.Namespace) -> Iterator[Row]:
    entries = _entries(runtime)
    chosen = [each for each in _chosen(entries, options.provider) if each[0].kind == Kind.DEVICE]
    for entry, path in chosen:
        explanation = runtime.call(Explain(entry.id))
        yield from _rows(path, explanation.matches, options.personality)


def _entries(runtime: Connection) -> list[Entry]:
    runtime.call(Subscribe((Topic.ENTRIES,)))
    found: list[Entry] = []
    for message in runtime.messages(SNAPSHOT_SECONDS):
        if isinstance(message, wire.Part):
            found.extend(message.entries)
        elif isinstance(message, wire.SnapshotEnd):
            break
    return found


# --- files -------------------------------------------------------------------------------------


def _of_files(options: argparse.Namespace) -> Iterator[Row]:
    catalogue, kernel = _catalogue(options.catalogue)
    source = ioreg_source.opened(options.source) if options.source else ioreg_source.present()
    entries = list(source.entries)
    by_id = {entry.id: entry for entry in entries}
    paths = dict(_paths(entries))
    wanted = {personality.provider_class for personality in catalogue}

    @cache
    def alone(which: EntryId) -> Provider:  # an entry stands above all that are below it
        return _provider(by_id[which], paths[which])

    untold = 0
    for entry, path in _chosen(entries, options.provider):
        made = alone(entry.id)
        modalias = made.properties.get("MODALIAS")
        kexts = kernel.look_up(modalias) if isinstance(modalias, str) else []
        if not options.provider and not wanted.intersection(made.classes) and not kexts:
            continue
        driver, score = competition.bound(entry, kexts)
        provider = msgspec.structs.replace(
            made,
            ancestors=tuple(alone(above.id) for above in _above(entry, by_id)),
            kernel_driver=driver,
            kernel_score=score,
        )
        among, left = _told_of(catalogue, provider, options)
        matches = competition.candidates(provider, catalogue, kexts, among=among)
        yield from _rows(path, matches, options.personality)
        untold += left
    if untold:
        sys.stderr.write(f"dext: {untold} more were compared; --provider tells of one device\n")


def _told_of(
    catalogue: Catalogue, provider: Provider, options: argparse.Namespace
) -> tuple[list[Personality] | None, int]:
    """The personalities that are told of when they do not match, and how many more there are.

    All when one provider is asked about, or by a program; None means that.
    """
    if options.personality:
        return [each for each in catalogue if _is_chosen(each, options.personality)], 0
    if options.provider or options.json:
        return None, 0
    near = catalogue.candidates(provider.classes)
    return near[:NEAREST], len(near[NEAREST:])


def _is_chosen(personality: Personality, selector: str) -> bool:
    return selector in {personality.name, personality.user_class, personality.bundle_id}


def _catalogue(paths: Sequence[str]) -> tuple[Catalogue, AliasIndex]:
    """The personalities, and the kernel aliases, of the paths.

    Raises:
        ProblemError: One of them cannot be read.
    """
    catalogue, text = Catalogue(), ""
    for each in paths:
        path = Path(each)
        if path.name.startswith("modules.alias"):
            text += _alias_text(path)
            continue
        for number, source in enumerate(read_sources(path)):
            for complaint in source.complaints:
                sys.stderr.write(f"dext: warning: {plain(f'{source.path}: {complaint}')}\n")
            owner = source.bundle_id or f"{path.name} {number}"
            catalogue.add(BundleId(f"{owner} {source.path} {number}"), source.personalities())
    return catalogue, aliases.build(text)


def _alias_text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise ProblemError(
            "not-found", f"{path}: expected a file of aliases, found: {error.strerror}"
        ) from None


def _provider(entry: Entry, path: str) -> Provider:
    """An entry as matching sees it, with the class chain that its file gives where it does."""
    lineage = entry.lineage if isinstance(entry, FileEntry) else ()
    return Provider(
        id=entry.id,
        name=entry.name,
        classes=lineage or chain(entry.cls),
        properties=properties_of(entry),
        location=entry.location,
        path=path,
    )


def _above(entry: Entry, by_id: dict[EntryId, Entry]) -> Iterator[Entry]:
    """The ancestors, nearest first; a file may have cycles, which end it."""
    seen = {entry.id}
    above = by_id.get(EntryId(entry.parent))
    while above is not None and above.id not in seen:
        seen.add(above.id)
        yield above
        above = by_id.get(EntryId(above.parent))


# --- choosing and printing ---------------------------------------------------------------------


def _paths(entries: Sequence[Entry]) -> Iterator[tuple[EntryId, str]]:
    """Every entry's path in the service plane; parents come before their children."""
    known: dict[int, str] = {}
    for entry in entries:
        above = known.get(entry.parent)
        path = "IOService:/" if above is None else f"{above.rstrip('/')}/{entry.title}"
        known[entry.id] = path
        yield entry.id, path


def _chosen(entries: Sequence[Entry], selector: str) -> list[tuple[Entry, str]]:
    """The entries that a selector means, with their paths; all without one.

    Raises:
        ProblemError: None is meant.
    """
    paths = dict(_paths(entries))
    found = [(each, paths[each.id]) for each in entries if _means(each, paths[each.id], selector)]
    if not found:
        raise ProblemError(
            "not-found", f"--provider {selector}: expected an entry's id, name, class or path, "
            f"found none of {len(entries)}"
        )  # fmt: skip
    return found


def _means(entry: Entry, path: str, selector: str) -> bool:
    return not selector or selector in {
        entry.name,
        entry.title,
        entry.cls,
        path,
        f"{entry.id:#x}",
        f"0x{entry.id:016x}",
    }


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
