"""Explaining the present registry: what drives the sample, what does not fit, and the scores."""

import json
import subprocess
import sys

import pytest

from runtime.model import match_words
from runtime.model.entry import Entry, Kind
from runtime.model.errors import ProblemError
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import MatchStage
from runtime.wire import client as wire
from runtime.wire.commands.extensions import SetDeveloperMode
from runtime.wire.commands.registry import Explain, ExplainExtension, Subscribe, Topic

from .conftest import SECONDS, RuntimeProcess

SAMPLE_BUNDLE = BundleId("com.example.sampleusb.driver")


def entries(runtime: RuntimeProcess) -> list[Entry]:
    with runtime.connect() as connection:
        connection.call(Subscribe((Topic.ENTRIES,)))
        found: list[Entry] = []
        for message in connection.messages(SECONDS):
            if isinstance(message, wire.Part):
                found += message.entries
            elif isinstance(message, wire.SnapshotEnd):
                break
    return found


def test_the_running_driver_and_its_score(running: RuntimeProcess) -> None:
    driver = running.driver()
    explanation = running.call(Explain(driver.provider))
    (held,) = (match for match in explanation.matches if match.running)
    assert (held.personality, held.bundle_id) == (driver.personality, SAMPLE_BUNDLE)
    assert held.stage is MatchStage.MATCHED
    assert held.score == sum(points for _, points in held.parts) >= 90_000
    assert explanation.compared >= len(explanation.matches) == 1


def test_what_is_of_another_kind_says_so(running: RuntimeProcess) -> None:
    port = next(entry for entry in entries(running) if entry.cls == "IOUSBHostPort")
    (match,) = running.call(Explain(port.id)).matches
    assert (match.stage, match.key) == (MatchStage.CLASS, "IOProviderClass")
    assert match.wanted == "IOUSBHostInterface"


def test_a_drivers_own_entry_lists_its_devices(running: RuntimeProcess) -> None:
    driver = running.driver()
    by_entry = running.call(Explain(EntryId(driver.service)))
    by_bundle = running.call(ExplainExtension(SAMPLE_BUNDLE))
    assert by_entry == by_bundle
    assert by_entry.devices[0].entry == driver.provider
    assert by_entry.devices[0].match.running
    others = [found.match for found in by_entry.devices if found.match.stage is MatchStage.CLASS]
    assert others[-1].wanted == "IOUSBHostInterface"
    present = sum(entry.kind == Kind.DEVICE for entry in entries(running))
    assert by_entry.elsewhere + len(by_entry.devices) == present


def test_what_is_not_there_is_refused(running: RuntimeProcess) -> None:
    with pytest.raises(ProblemError, match="expected one that is there"):
        running.call(Explain(EntryId(1)))
    with pytest.raises(ProblemError, match="expected one that is active"):
        running.call(ExplainExtension(BundleId("com.example.nobody")))


def test_the_command_asks_the_runtime(running: RuntimeProcess) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "runtime.commands.dext", "--socket", str(running.socket)),
            *("explain", "--provider", "IOUSBHostInterface", "--json"),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    running_one = next(row for row in rows if row["bundle"] == SAMPLE_BUNDLE)
    assert running_one["winner"]
    assert running_one["score"] >= 90_000


def test_the_index_of_kernel_aliases_is_kept_in_the_state_folder(running: RuntimeProcess) -> None:
    kept = running.state_dir / "aliases"
    assert kept.is_file()
    assert list(running.state_dir.glob("aliases.*")) == []


def test_what_could_run_and_may_not_is_named(running: RuntimeProcess) -> None:
    provider = running.driver().provider
    running.call(SetDeveloperMode(on=False))
    explanation = running.call(Explain(provider))
    (match,) = explanation.matches
    assert explanation.compared >= 1
    assert (match.stage, match.found) == (MatchStage.IDLE, "disabled")
    assert match.score >= 90_000
    why, what = match_words.reason(match), match_words.remedy(match)
    assert why.template.format(**why.fields).endswith("but its extension is disabled")
    assert what.template.startswith("developer mode would have to be on")
