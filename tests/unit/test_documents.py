"""The documents against the tree: what they link to and what rooms they name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_rooms_of_the_architecture_are_there() -> None:
    rows = re.findall(r"^\| `(\S+/)` \|(.*)", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    assert len(rows) > 15
    for room, told in rows:
        assert (ROOT / room).is_dir(), room
        for name in re.findall(r"`(\w+(?:\.py|/))`", told):
            assert (ROOT / room / name).exists(), f"{room}{name}"


def test_readme_sets_up_with_two_commands() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Set up")[2]
    block = section.partition("\n## ")[0]
    assert re.findall(r"^    (.+)$", block, re.MULTILINE) == ["scripts/run", "scripts/test"]
    assert all((ROOT / script).stat().st_mode & 0o100 for script in ("scripts/run", "scripts/test"))


def test_every_room_is_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in ROOT.glob("runtime/*/__init__.py")}
    assert {room for room in rooms if f"| `runtime/{room}/` |" not in text} == set()
