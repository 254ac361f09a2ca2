"""`scripts/faults --count N --seed S`: a table, and a JSON object as the last line.

Exit code 0: every effective fault was recovered, nothing escaped, nothing else failed.
Invariant: prints what was counted in this run, nothing else.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.fault_campaign import document
from benchmarks.fault_campaign.campaign import Campaign
from benchmarks.fault_campaign.processes import ProcessCampaign
from benchmarks.fault_campaign.tally import Tally, summary

DEADLINE = 1.5  # more than the second between two pulses: an idle driver is not late
EVERY = 500  # faults between two lines of progress


def main() -> int:
    """Run a campaign."""
    options = _parser().parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    began = time.monotonic()
    tally = _processes(options) if options.processes else _drivers(options)
    minutes = (time.monotonic() - began) / 60
    command = f"scripts/faults{' --processes' if options.processes else ''}"
    command += f" --count {options.count} --seed {options.seed}"
    said = document.result(tally, command, minutes)
    print(said)
    if options.document:
        document.replace(options.document, said)
    for title, lines in (("deaf", tally.deaf), ("escaped", tally.escapes)):
        for line in lines:
            print(f"{title}: {line}", file=sys.stderr)
    for failure in tally.failures:
        print(f"failed: {failure}", file=sys.stderr)
    print(json.dumps(summary(tally)))
    return 0 if tally.whole else 1


def _drivers(options: argparse.Namespace) -> Tally:
    campaign = Campaign(options.seed, options.deadline, _progress)
    asyncio.run(campaign.run(options.first, options.count))
    return campaign.tally


def _processes(options: argparse.Namespace) -> Tally:
    campaign = ProcessCampaign(options.seed, _progress)
    campaign.run(options.first, options.count)
    return campaign.tally


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="faults (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all of them (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (%(default)s)")
    parser.add_argument(
        "--deadline", type=float, default=DEADLINE, help="seconds for a callback (%(default)s)"
    )
    parser.add_argument(
        "--processes",
        action="store_true",
        help="end drivers, brokers, zygotes and whole runtimes instead of breaking drivers",
    )
    parser.add_argument("--document", type=Path, help="write the result into this document")
    return parser


def _progress(done: int) -> None:
    if done % EVERY == 0:
        print(f"{done} faults", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
