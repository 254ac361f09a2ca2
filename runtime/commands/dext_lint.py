"""`dext lint`: what is wrong with a bundle's personalities, before anybody activates it.

Exit codes: 0 without errors (warnings are no errors), 1 with one, or when a path cannot be read.
Invariant: reads only; each complaint names file, line, personality and key.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from runtime.commands import shell
from runtime.commands.plaintext import plain
from runtime.extensions import entitlements
from runtime.extensions.plist_files import Source, read_sources
from runtime.extensions.plist_lines import Lines, key_lines
from runtime.matching import lint
from runtime.matching.lint import ERROR, Finding
from runtime.model.classes import chain
from runtime.model.properties import Properties


class Complaint(msgspec.Struct, frozen=True):
    """One object of `--json`; `line` is 0 where the file is not XML."""

    path: str
    line: int
    severity: str
    bundle: str
    personality: str
    key: str
    text: str


def run(options: argparse.Namespace) -> int:
    """Carry the verb out; returns the exit code."""
    sources = [source for path in options.paths for source in read_sources(Path(path))]
    found = [complaint for source in sources for complaint in _of_source(source)]
    if options.json:
        shell.print_json(found)
    else:
        for one in found:
            where = f"{one.path}:{one.line}" if one.line else one.path
            what = f"{one.personality}: {one.key}" if one.personality else one.key
            print(plain(f"{where}: {one.severity}: {what}: {one.text}"))
        if not found:
            print(_nothing_wrong(sum(len(source.tables) for source in sources)))
    return shell.REFUSED if any(one.severity == ERROR for one in found) else shell.OK


def _nothing_wrong(personalities: int) -> str:
    noun = "personality" if personalities == 1 else "personalities"
    return f"no problems in {personalities} {noun}"


def _of_source(source: Source) -> Iterator[Complaint]:
    lines = key_lines(source.data)
    for text in source.complaints:
        yield Complaint(source.path, 0, ERROR, source.bundle_id, "", "IOKitPersonalities", text)
    dext = _is_dext(source)
    found = lint.lint(source.tables, source.bundle_id, dext=dext)
    if dext and source.entitlements is not None:
        found += _entitled(source.tables, source.entitlements)
    for each in found:
        yield Complaint(
            source.path,
            _line(lines, each),
            each.severity,
            source.bundle_id,
            each.personality,
            each.key,
            each.text,
        )


def _is_dext(source: Source) -> bool:
    """A driver extension by its type, or while a build system has not said so, by its keys."""
    if source.package_type == "DEXT":
        return True
    return source.package_type.startswith("$") and any(
        "IOUserClass" in table for table in source.tables.values()
    )


def _line(lines: Lines, finding: Finding) -> int:
    """The line of the key, else of its personality."""
    personality = ("IOKitPersonalities", finding.personality)
    return lines.get((*personality, finding.key)) or lines.get(personality, 0)


def _entitled(tables: dict[str, Properties], granted: Properties) -> Iterator[Finding]:
    """Whether the bundle may drive what its personalities match.

    The provider that is asked about is the one that the personality describes.
    """
    for name, table in tables.items():
        provider = table.get("IOProviderClass")
        if not isinstance(provider, str):
            continue
        decision = entitlements.check(
            granted, chain(provider), table, str(table.get("IOClass", ""))
        )
        if not decision.allowed:
            yield Finding(
                ERROR,
                name,
                decision.entitlement,
                f"the entitlement has to be {decision.wanted}, it is {decision.found}",
            )
