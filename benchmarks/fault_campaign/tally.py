"""What one campaign counted, as numbers and as a table.

Invariant: counts, never judges what it was told.
"""

import os
import platform
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from runtime.model.outcome import Exit, ExitHow

CLASSES = (
    "bit flip in bytecode",
    "random instruction",
    "heap pokes (64 of 8 bytes)",
    "stack pokes (64 of 8 bytes)",
    "rogue action",
)
"""By class of the fault, from 1 on."""


@dataclass
class Tally:
    """What was counted; times in milliseconds, until all is well again.

    Attributes:
        classes: The faults' classes, in the order of the table.
        deaf: What is known of each process that lived on and had lost its order.
    """

    classes: tuple[str, ...] = CLASSES
    injected: Counter[str] = field(default_factory=Counter)
    effective: Counter[str] = field(default_factory=Counter)
    recovered: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    hangs: int = 0
    deaf: list[str] = field(default_factory=list)
    escapes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    hang_times: list[float] = field(default_factory=list)

    def ended(self, kind: str, exit_: Exit) -> None:
        """A fault had an effect."""
        self.effective[kind] += 1
        self.ends[exit_.signal_name or exit_.how.value] += 1
        self.hangs += exit_.how is ExitHow.HANG

    def answered(self, kind: str, exit_: Exit, milliseconds: float) -> None:
        """The successor answered right."""
        self.recovered[kind] += 1
        (self.hang_times if exit_.how is ExitHow.HANG else self.times).append(milliseconds)

    @property
    def whole(self) -> bool:
        """Whether every effective fault was recovered, and nothing escaped or failed."""
        recovered = self.recovered.total() == self.effective.total()
        return recovered and not self.escapes and not self.failures


def summary(tally: Tally) -> dict[str, float]:
    """The numbers of one campaign; times in milliseconds."""
    return {
        "injected": tally.injected.total(),
        "effective": tally.effective.total(),
        "recovered": tally.recovered.total(),
        "silent": tally.silent.total(),
        "hangs": tally.hangs,
        "escapes": len(tally.escapes),
        "runtime_failures": len(tally.failures),
        "p50_ms": _percentile(tally.times, 50),
        "p99_ms": _percentile(tally.times, 99),
        "p99_hang_ms": _percentile(tally.hang_times, 99),
    }


def table(tally: Tally) -> str:
    """A Markdown table by class, and how the processes ended."""
    columns = (tally.injected, tally.effective, tally.recovered, tally.silent)
    lines = ["| fault | injected | effective | recovered | silent |", "|---|--:|--:|--:|--:|"]
    lines += [_row(name, [counted[name] for counted in columns]) for name in tally.classes]
    lines.append(_row("all", [counted.total() for counted in columns]))
    ends = ", ".join(f"{how} {count}" for how, count in tally.ends.most_common())
    return "\n".join([*lines, "", f"Ends: {ends or 'none'}."])


def _row(name: str, numbers: list[int]) -> str:
    return f"| {name} | {' | '.join(map(str, numbers))} |"


def machine() -> str:
    """What it was measured on, in one line."""
    cpus = len(os.sched_getaffinity(0))
    user = "root" if os.geteuid() == 0 else "an ordinary user"
    python = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{python}, {cpus} CPUs ({_cpu_model()}), as {user}"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _percentile(times: list[float], percent: int) -> float:
    if len(times) < 2:
        return round(times[0], 2) if times else 0.0
    return round(statistics.quantiles(times, n=100, method="inclusive")[percent - 1], 2)
