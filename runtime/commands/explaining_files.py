"""What matches what in files alone, for `dext explain`: no runtime is asked, nothing is started.

A catalogue is an Info.plist, a bundle, a folder of bundles, a prelinked dictionary or a
`modules.alias`.
Invariant: reads only; what was compared and is not told of is counted on standard error.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec

from runtime.commands import ioreg_source
from runtime.commands.plaintext import plain
from runtime.extensions.plist_files import read_sources
from runtime.interchange.registry_file import FileEntry, properties_of
from runtime.matching import aliases, competition
from runtime.matching.aliases import AliasIndex
from runtime.matching.catalogue import Catalogue
from runtime.matching.provider import Provider
from runtime.model.classes import chain
from runtime.model.entry import Entry
from runtime.model.errors import ProblemError
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import Match
from runtime.model.personality import Personality

NEAREST = 20  # personalities that fail on a provider, of which a list of all providers tells


class Question(msgspec.Struct, frozen=True):
    """What files are asked.

    Attributes:
        source: A registry file; empty for the present registry.
        catalogues: What holds personalities or aliases.
        provider: Selects entries; empty for all that something is for.
        personality: Selects personalities; empty for all.
        whole: Whether all that does not match is told of, however much that is.
    """

    source: str
    catalogues: tuple[str, ...]
    provider: str
    personality: str
    whole: bool


def judged(question: Question) -> Iterator[tuple[str, Sequence[Match]]]:
    """Each provider's path, and what was compared with it.

    Raises:
        ProblemError: A path cannot be read, or a selector means nothing.
    """
    catalogue, kernel = _catalogue(question.catalogues)
    source = ioreg_source.opened(question.source) if question.source else ioreg_source.present()
    entries = list(source.entries)
    by_id = {entry.id: entry for entry in entries}
    paths = dict(_paths(entries))
    wanted = {personality.provider_class for personality in catalogue}

    @cache
    def alone(which: EntryId) -> Provider:  # an entry stands above all that are below it
        return _provider(by_id[which], paths[which])

    untold = 0
    for entry, path in chosen(entries, question.provider):
        made = alone(entry.id)
        modalias = made.properties.get("MODALIAS")
        kexts = kernel.look_up(modalias) if isinstance(modalias, str) else []
        if not question.provider and not wanted.intersection(made.classes) and not kexts:
            continue
        driver, score = competition.bound(entry, kexts)
        provider = msgspec.structs.replace(
            made,
            ancestors=tuple(alone(above.id) for above in _above(entry, by_id)),
            kernel_driver=driver,
            kernel_score=score,
        )
        among, left = _told_of(catalogue, provider, question)
        yield path, competition.candidates(provider, catalogue, kexts, among=among)
        untold += left
    if untold:
        sys.stderr.write(f"dext: {untold} more were compared; --provider tells of one device\n")


def chosen(entries: Sequence[Entry], selector: str) -> list[tuple[Entry, str]]:
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


def _paths(entries: Sequence[Entry]) -> Iterator[tuple[EntryId, str]]:
    """Every entry's path in the service plane; parents come before their children."""
    known: dict[int, str] = {}
    for entry in entries:
        above = known.get(entry.parent)
        path = "IOService:/" if above is None else f"{above.rstrip('/')}/{entry.title}"
        known[entry.id] = path
        yield entry.id, path


def _told_of(
    catalogue: Catalogue, provider: Provider, question: Question
) -> tuple[list[Personality] | None, int]:
    """The personalities that are told of when they do not match, and how many more there are.

    All when one provider is asked about, or by a program; None means that.
    """
    if question.personality:
        return [each for each in catalogue if _is_chosen(each, question.personality)], 0
    if question.provider or question.whole:
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
