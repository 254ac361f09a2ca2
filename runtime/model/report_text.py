"""A crash report as text, for a terminal, a clipboard, an issue.

Invariant: pure; lines hold what the driver said as it said it: whoever shows them makes them
plain first.
"""

from datetime import UTC, datetime

from runtime.model.crash_report import CrashReport, Fault
from runtime.model.native import NativeFrame


def lines(report: CrashReport) -> list[str]:
    """The report, the faulting thread first; lines without their ends."""
    made = [
        f"{report.name}: {report.reason}",
        "",
        f"Report:     {report.id}",
        f"When:       {clock(report.wall_ns)}",
        f"Process:    {report.pid}, start {report.starts}, crash {report.crashes}",
        f"Extension:  {report.bundle_id} ({report.content_hash[:12]})",
        f"Device:     {report.device}",
        *(f"Beside it:  {one.name} on {one.device}" for one in report.beside),
        f"Runtime:    {report.runtime}, Linux {report.kernel}, Python {report.python}",
    ]
    for thread in report.threads:
        made += ["", f"{thread.name}{' (faulting)' if thread.faulting else ''}:"]
        made += [f"  {frame}" for frame in thread.frames] or ["  no Python frames"]
    made += _part("Processor", fault_lines(report.fault)) if report.fault else []
    made += _part("Log", [f"{entry.source}: {entry.text}" for entry in report.log])
    made += _part("Packets", [_packet(p.sent, p.what, p.age_us) for p in report.packets])
    made += _part("Launch", [f"{at.after_us:>8} us {at.stage.value}" for at in report.launch])
    made += _part("Earlier crashes", [f"{clock(e.wall_ns)} {e.reason}" for e in report.earlier])
    made += _part("Sandbox", list(report.sandbox))
    return made + _part("Not known", list(report.missing))


def clock(wall_ns: int) -> str:
    """A moment, in UTC."""
    return f"{datetime.fromtimestamp(wall_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"


def fault_lines(fault: Fault) -> list[str]:
    """Where it was, what it wanted, and its registers."""
    made = [f"at {fault.place}"] if fault.place else []
    if fault.address is not None:
        made.append(f"fault: {fault.access or 'address'} {fault.address:#x}")
    made += [f"{name:<8} {value:#018x}" for name, value in fault.registers]
    made += [_frame(frame) for frame in fault.frames]
    return made + [f"in the stack: {place}" for place in fault.stack]


def _frame(frame: NativeFrame) -> str:
    how = "unwound" if frame.unwound else "guessed"
    return f"{how}  {frame.place or 'in no known file'}  {frame.function}".rstrip()


def _packet(sent: bool, what: str, age_us: int) -> str:
    return f"{age_us / 1000:>10.1f} ms before the end, {'to' if sent else 'from'} driver: {what}"


def _part(title: str, found: list[str]) -> list[str]:
    return ["", f"{title}:", *[f"  {line}" for line in found]] if found else []
