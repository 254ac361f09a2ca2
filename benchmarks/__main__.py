"""Runs benchmarks by name, or all of them: `scripts/bench [NAME…] [--json]`.

Invariant: what is printed is what was measured in this run, nothing else.
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict

from benchmarks.elevated import SHARE, WAKEUP
from benchmarks.extensions import ACTIVATE, APPROVE, DEXT_VERIFY, STORE, VERIFY
from benchmarks.harness import ROUNDS, Affinity, Benchmark, Result, measure
from benchmarks.matching import MATCHING
from benchmarks.memory import MEMORY, MEMORY_FLOOR
from benchmarks.restart import RESTART
from benchmarks.restart_runit import RESTART_RUNIT
from benchmarks.ring import RING_COPY, RING_SMALL
from benchmarks.rpc import RPC, RPC_BARE, RPC_DBUS, RPC_MANY
from benchmarks.start import START
from benchmarks.throughput import THROUGHPUT
from benchmarks.uevent import UEVENT

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        *(RESTART, RESTART_RUNIT, START, MEMORY, MEMORY_FLOOR, WAKEUP, SHARE, *THROUGHPUT),
        *(UEVENT, MATCHING),
        *(VERIFY, DEXT_VERIFY, ACTIVATE, STORE, APPROVE),
        *(RPC, RPC_DBUS, RPC_BARE, RPC_MANY, RING_COPY, RING_SMALL),
    )
}
AFFINITIES: tuple[Affinity, ...] = ("pinned", "free")


def main() -> int:
    """Measure, and print a table or JSON; 0 when every goal was met, else 1."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print one array of objects")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="alternating rounds (%(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"expected one of {', '.join(BENCHMARKS)}, found {', '.join(sorted(unknown))}")
    chosen = [BENCHMARKS[name] for name in options.names or BENCHMARKS]
    results = []
    for benchmark in chosen:
        if benchmark.note:
            print(f"{benchmark.name}: {benchmark.note}", file=sys.stderr)
        results += [measure(benchmark, affinity, options.rounds) for affinity in AFFINITIES]
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
    else:
        print(table(results))
    return 0 if all(result.met for result in results) else 1


def table(results: list[Result]) -> str:
    """Return a Markdown table of results, with what they were measured on."""
    lines = [
        f"Linux {platform.release()}, Python {platform.python_version()}; medians; "
        "ratio is ours to the peer's, lower is better.",
        "",
        "| benchmark | CPUs | ours | p95 | peer | ratio | goal | met | spread |",
        "|---|---|--:|--:|--:|--:|--:|---|--:|",
    ]
    lines += [
        f"| {one.name} | {one.affinity} | {one.ours:g} {one.unit} | {one.ours_p95:g} "
        f"| {one.peer:g} {one.unit} | {one.ratio:.2f} | ≤ {one.goal:g} "
        f"| {'yes' if one.met else 'no'} | ±{one.spread:.0%} |"
        for one in results
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
