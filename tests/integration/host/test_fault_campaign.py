"""A short fault campaign: everything that breaks comes back, and the counts add up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fault_campaign import document, faults
from benchmarks.fault_campaign.tally import CLASSES

ROOT = Path(__file__).resolve().parents[3]
COUNT = 25
COUNTED = (
    "injected effective recovered silent hangs escapes runtime_failures p50_ms p99_ms p99_hang_ms"
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A document with a place for a result."""
    page = tmp_path / "faults.md"
    page.write_text(f"before\n{document.BEGIN}\nold\n{document.END}\nafter\n")
    return page


def test_what_breaks_comes_back(page: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.fault_campaign", "--count", str(COUNT)]
    done = subprocess.run(
        [*command, "--seed", "2026", "--document", page],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,  # seconds
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counted = json.loads(done.stdout.splitlines()[-1])
    assert list(counted) == COUNTED.split()
    assert counted["injected"] == COUNT
    assert 0 < counted["effective"] == counted["recovered"]
    assert (counted["escapes"], counted["runtime_failures"]) == (0, 0)
    assert counted["p99_ms"] >= counted["p50_ms"] > 0
    written = page.read_text()
    assert written.startswith(f"before\n{document.BEGIN}\n    scripts/faults --count {COUNT}")
    assert written.endswith(f"{document.END}\nafter\n")
    assert f"| all | {COUNT} |" in written
    assert "old" not in written


def test_a_broker_and_the_zygote_come_back() -> None:
    command = [sys.executable, "-m", "benchmarks.fault_campaign", "--processes"]
    done = subprocess.run(
        [*command, "--count", "2", "--seed", "14"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,  # seconds
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counted = json.loads(done.stdout.splitlines()[-1])
    assert list(counted) == COUNTED.split()
    assert (counted["injected"], counted["effective"], counted["recovered"]) == (2, 2, 2)
    assert "scripts/faults --processes --count 2" in done.stdout


def test_a_document_without_a_place_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "other.md"
    page.write_text("text")
    with pytest.raises(ValueError, match="expected the marks"):
        document.replace(page, "result")
    assert page.read_text() == "text"


def test_every_class_has_its_fault_and_no_name_two() -> None:
    assert len(CLASSES) == len(faults.FAULTS) + 1, "the last class is the rogue actions"
    names = [*faults.FORBIDDEN, *faults.HOSTILE, *faults.DRAWN]
    assert len(names) == len(set(names))
