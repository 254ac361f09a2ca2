"""`kill -9` at every step of activation, approval, profiles, upgrade, removal loses nothing.

The long form: `scripts/test tests/unit/extensions/test_killed.py --rounds 1000`.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = 12
SECONDS_A_ROUND = 5


def test_a_killed_ledger_is_as_it_was_acknowledged(rounds: int | None) -> None:
    wanted = rounds or ROUNDS
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.extensions.killed_ledger", str(wanted)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=wanted * SECONDS_A_ROUND,
    )
    assert done.returncode == 0, done.stderr
    count, _, points = done.stdout.partition(" rounds at ")
    assert int(count) == wanted
    assert int(points.split()[0]) > 50, "there are fewer points than steps"
