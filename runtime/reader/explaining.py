"""Who could drive a device of a file: judged with the kernel modules of the machine that reads it.

A file does not say which modules its own machine had, and the reader sees no driver extensions.
Invariant: opens nothing; what a file says is looked up only as far as a kernel could have said it.
"""

from collections.abc import Sequence
from functools import cached_property

from runtime.interchange.registry_file import FileEntry, Warnings, lineage, properties_of
from runtime.matching import aliases, competition
from runtime.matching.aliases import AliasIndex
from runtime.matching.catalogue import Catalogue
from runtime.matching.provider import Provider
from runtime.model.entry import Holder
from runtime.model.errors import ProblemError
from runtime.model.identity import EntryId
from runtime.model.personality import DEFAULT_CATEGORY
from runtime.wire.commands.registry import Explanation

LONGEST = 2048  # characters of a MODALIAS: the kernel's buffer for a whole uevent
MOST = 512  # matches in an answer


class Explaining:
    """Explains the entries of one file."""

    def __init__(self, entries: Sequence[FileEntry], text: str) -> None:
        """`text` has the aliases as `modules.alias` spells them; it is indexed when first asked."""
        self._entries = entries
        self._text = text

    def entry(self, entry_id: EntryId) -> Explanation:
        """Who could drive an entry; `compared` is 0 where this machine has no modules.

        Raises:
            ProblemError: ``not-found``: there is no such entry, or it says no MODALIAS.
        """
        entry = self._by_id.get(entry_id)
        if entry is None:
            raise ProblemError(
                "not-found", f"entry {entry_id:#x}: expected one of the file, found none"
            )
        table = properties_of(entry, Warnings())
        modalias = table.get("MODALIAS")
        if not isinstance(modalias, str) or len(modalias) > LONGEST:
            raise ProblemError(
                "not-found",
                f"entry {entry_id:#x}: expected a MODALIAS of at most {LONGEST} characters, "
                "found none",
            )
        kexts = self._kernel.look_up(modalias)
        driver, score = competition.bound(entry, kexts)
        provider = Provider(
            id=entry.id,
            name=entry.name,
            classes=lineage(entry),
            properties=table,
            location=entry.location,
            kernel_driver=driver,
            kernel_score=score,
        )
        taken = {DEFAULT_CATEGORY: entry.driver} if entry.holder == Holder.EXTENSION else {}
        matches = competition.candidates(provider, Catalogue(), kexts, taken)
        return Explanation(matches=matches[:MOST], compared=len(self._kernel))

    @cached_property
    def _by_id(self) -> dict[EntryId, FileEntry]:
        return {entry.id: entry for entry in self._entries}

    @cached_property
    def _kernel(self) -> AliasIndex:
        return aliases.build(self._text)
