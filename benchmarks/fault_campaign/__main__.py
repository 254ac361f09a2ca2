"""`scripts/faults --count N --seed S`: a table, and a JSON object as the last line.

Exit code 0: every effective fault was recovered, nothing escaped, nothing else failed.
Invariant: prints what was counted in this run, nothing else.
"""

import argparse
import asyncio
import json
import platform
import resource
import statistics
import sys

from benchmarks.fault_campaign.campaign import CLASSES, Campaign, Tally


def main() -> int:
    """Run a campaign."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="faults (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all of them (%(default)s)")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    campaign = Campaign(options.seed)

    def progress(done: int) -> None:
        if done % 500 == 0:
            sys.stderr.write(f"{done} faults\n")

    asyncio.run(campaign.run(options.count, progress))
    tally = campaign.tally
    print(table(tally))
    for escape in tally.escapes:
        print(f"escaped: {escape}", file=sys.stderr)
    for failure in tally.failures:
        print(f"failed: {failure}", file=sys.stderr)
    result = summary(tally)
    print(json.dumps(result))
    whole = result["recovered"] == result["effective"]
    return 0 if whole and not tally.escapes and not tally.failures else 1


def summary(tally: Tally) -> dict[str, float]:
    """The numbers of one campaign; times in milliseconds."""
    return {
        "injected": tally.injected.total(),
        "effective": tally.effective.total(),
        "recovered": tally.recovered,
        "silent": tally.silent.total(),
        "hangs": tally.hangs,
        "escapes": len(tally.escapes),
        "runtime_failures": len(tally.failures),
        "p50_ms": _percentile(tally.times, 50),
        "p99_ms": _percentile(tally.times, 99),
        "p99_hang_ms": _percentile(tally.hang_times, 99),
    }


def table(tally: Tally) -> str:
    """A Markdown table by class, with what it was measured on."""
    lines = [
        f"Linux {platform.release()}, Python {platform.python_version()}",
        "",
        "| fault | injected | effective | silent |",
        "|---|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {tally.injected[name]} | {tally.effective[name]} | {tally.silent[name]} |"
        for name in CLASSES
    ]
    ends = ", ".join(f"{how} {count}" for how, count in tally.how.most_common())
    return "\n".join([*lines, "", f"Ends: {ends or 'none'}"])


def _percentile(times: list[float], percent: int) -> float:
    if len(times) < 2:
        return round(times[0], 2) if times else 0.0
    return round(statistics.quantiles(times, n=100, method="inclusive")[percent - 1], 2)


if __name__ == "__main__":
    sys.exit(main())
