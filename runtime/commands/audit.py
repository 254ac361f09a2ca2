"""`systemextensionsctl audit`: who was asked what, who decided, and what came of it.

Invariant: every entry that the runtime keeps is printed, oldest first.
"""

import argparse
from datetime import datetime

from runtime.client.blocking import Connection
from runtime.commands import shell
from runtime.commands.plaintext import plain
from runtime.model.audit import AuditEntry
from runtime.wire.commands.audit import ReadAudit


def run(runtime: Connection, options: argparse.Namespace) -> int:
    """Print the audit; returns the exit code."""
    entries: list[AuditEntry] = []
    while page := runtime.call(ReadAudit(entries[-1].number if entries else 0)).entries:
        entries += page
    entries.reverse()
    if options.json:
        shell.print_json(entries)
        return shell.OK
    for entry in entries:
        print(plain(line(entry)))
    if not entries:
        print("nothing was asked and nothing decided yet")
    return shell.OK


def line(entry: AuditEntry) -> str:
    """An entry as one line: time, deed, by whom, what, and what came of it."""
    then = datetime.fromtimestamp(entry.wall_ns / 1e9).astimezone()
    what = " ".join(part for part in (entry.name, entry.subject) if part)
    said = f"{then.isoformat(sep=' ', timespec='seconds')}  {entry.deed} by {entry.by}"
    return "  ".join(part for part in (said, what, entry.result) if part)
