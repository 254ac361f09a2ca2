"""A driver's record, kept true while its life goes on.

Every change is published at once; the state moves only by the table of
`runtime.model.driver_lifecycle`.
Invariant: nobody else makes a driver's record.
"""

import time

import msgspec

from runtime.model import events
from runtime.model.driver_lifecycle import DriverEvent, DriverState, advance
from runtime.model.events import Detail
from runtime.model.outcome import Stage
from runtime.model.records import Driver, StageTime
from runtime.supervisor import hang
from runtime.supervisor.ports import Surroundings


class Account:
    """The one writer of one driver's record."""

    def __init__(self, record: Driver, surroundings: Surroundings) -> None:
        self.record = record
        self._around = surroundings
        self._asked_ns = 0

    @property
    def state(self) -> DriverState:
        """The driver's state."""
        return self.record.state

    def advance(self, event: DriverEvent, **changes: object) -> None:
        """Move the state on; ValueError when the table has no such step."""
        state = advance(self.record.state, event)
        self.change(state=state, since_wall_ns=time.time_ns(), **changes)

    def change(self, **changes: object) -> None:
        """Change fields of the record."""
        self.record = msgspec.structs.replace(self.record, **changes)
        self._around.changed(self.record)

    def begin_launch(self) -> None:
        """Start the launch timeline anew."""
        self._asked_ns = time.monotonic_ns()
        self.change(note="", starts=self.record.starts + 1, launch=(StageTime(Stage.REQUESTED, 0),))

    def reach(self, stage: Stage, **changes: object) -> None:
        """Add a stage to the launch timeline."""
        after_us = (time.monotonic_ns() - self._asked_ns) // 1000
        self.change(launch=(*self.record.launch, StageTime(stage, after_us)), **changes)

    def reached(self, stage: Stage) -> bool:
        """Whether the present launch has come to a stage."""
        return any(step.stage is stage for step in self.record.launch)

    def late(self, verdict: hang.Late) -> bool:
        """A callback is past its deadline; whether that is news."""
        if self.state not in (DriverState.STARTING, DriverState.RUNNING):
            return False
        note = f"{verdict.what} has not returned for {verdict.age_us // 1_000_000} s"
        self.advance(DriverEvent.DEADLINE_PASSED, note=note)
        name, pid, age_ms = self.record.name, self.record.pid, verdict.age_us // 1000
        self.tell(events.Hung(name, pid, verdict.queue, verdict.callback, age_ms))
        return True

    def responds(self) -> None:
        """Every queue keeps its deadline, perhaps again."""
        if self.state is DriverState.NOT_RESPONDING:
            started = self.reached(Stage.STARTED)
            event = DriverEvent.RESPONDED if started else DriverEvent.STILL_STARTING
            self.advance(event, note="")
            self.tell(events.Responded(self.record.name, self.record.pid))

    def tell(self, detail: Detail) -> None:
        """Have the journal keep an event."""
        self._around.event(self.record, detail)
