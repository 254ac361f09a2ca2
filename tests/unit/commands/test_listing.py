"""`systemextensionsctl list`: Apple's format; the same reader reads ours and real outputs."""

import re
from pathlib import Path

import pytest

from runtime.commands.plaintext import plain
from runtime.commands.shell import as_object
from runtime.commands.systemextensionsctl import list_lines
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, ContentHash
from runtime.model.records import Extension

HEADER = "enabled\tactive\tteamID\tbundleID (version)\tname\t[state]"
ROW = re.compile(
    r"(?P<enabled>\*?)\t(?P<active>\*?)\t(?P<team>\S+)\t(?P<id>\S+) \((?P<version>[^)]*)\)"
    r"\t(?P<name>[^\t]*)\t\[(?P<state>[^\]]+)\]"
)


def rows(text: str) -> list[dict[str, str]]:
    """Read a listing with tabs between its columns."""
    count, *lines = [line for line in text.splitlines() if line]
    found = [match.groupdict() for match in map(ROW.fullmatch, lines) if match]
    assert len(found) == int(count.removesuffix(" extension(s)"))
    assert all(
        line == HEADER or line.startswith("--- com.") or ROW.fullmatch(line) for line in lines
    )
    return found


def extension(
    number: int,
    state: ExtensionState,
    *,
    name: str = "Driver",
    team_id: str = "",
    category: str = "com.apple.system_extension.driver_extension",
) -> Extension:
    bundle_id = BundleId(f"com.example.driver{number}")
    return Extension(
        id=f"{bundle_id}@0",
        bundle_id=bundle_id,
        content_hash=ContentHash("0" * 64),
        name=name,
        short_version="1.0",
        version=str(number),
        state=state,
        team_id=team_id,
        category=category,
    )


def test_our_listing_is_read_like_the_real_ones(corpora: Path) -> None:
    real = 0
    for path in sorted((corpora / "sysextctl").glob("*.txt")):
        text = path.read_text()
        if "\t" in text or text.startswith("0"):
            real += len(rows(text))
    assert real >= 4
    ours = [
        extension(1, ExtensionState.ACTIVE, team_id="ABCDE12345"),
        extension(2, ExtensionState.WAITING),
        extension(3, ExtensionState.DENIED, category="com.apple.system_extension.cmio"),
    ]
    found = rows("\n".join(list_lines(ours)))
    assert [(row["enabled"], row["active"], row["team"], row["state"]) for row in found] == [
        ("*", "*", "ABCDE12345", "activated enabled"),
        ("", "*", "-", "activated waiting for user"),
        ("", "", "-", "denied"),
    ]
    assert found[0]["version"] == "1.0/1"


def test_an_empty_listing_is_one_line() -> None:
    assert list(list_lines([])) == ["0 extension(s)"]


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\x1b[2Jb", "a\u202eb", "a\u200bb"])
def test_names_cannot_break_the_line(name: str) -> None:
    listing = list(list_lines([extension(1, ExtensionState.ACTIVE, name=name)]))
    assert len(listing) == 4
    assert rows("\n".join(listing))[0]["name"] in ("ab", "a[2Jb")


def test_plain_text_stays() -> None:
    assert plain("Größe 1, 漢字 🙂") == "Größe 1, 漢字 🙂"


def test_records_become_objects_with_names() -> None:
    made = as_object(extension(1, ExtensionState.ACTIVE))
    assert isinstance(made, dict)
    assert (made["state"], made["entitlements"]) == ("active", [])
