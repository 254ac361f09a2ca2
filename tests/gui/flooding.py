"""Asks for the activation of an app 1,000 times within a second; prints answers and refusals.

A program of its own: `python -m tests.gui.flooding APP`, at the runtime that it finds.
"""

import sys
import time

from runtime.client.blocking import connect
from runtime.model.records import Request
from runtime.wire.client import Refusal
from runtime.wire.commands.extensions import Activate

TIMES = 1000
SECONDS = 60.0


def main(app: str) -> None:
    answers: list[Request] = []
    refusals: list[Refusal] = []
    with connect("flood") as connection:
        began = time.monotonic()
        for _ in range(TIMES):
            connection.ask(Activate(app), answers.append, refusals.append)
        sent = time.monotonic() - began
        while len(answers) + len(refusals) < TIMES and time.monotonic() - began < SECONDS:
            connection.take(1.0)
    codes = {refusal.code for refusal in refusals}
    sys.stdout.write(f"{len(answers)} {len(refusals)} {','.join(codes)} {sent < 1}\n")


if __name__ == "__main__":
    main(sys.argv[1])
