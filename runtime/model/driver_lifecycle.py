"""The life of a driver: states, events, and the one transition table.

A driver is one personality on one provider; its process comes and goes below it. Why it is being
stopped is a state of its own: see `intent`.
Invariant: an unknown (state, event) pair raises; the diagram in docs/states is made from here.
"""

import enum

from runtime.model.lifecycle import step


class DriverState(enum.StrEnum):
    """The words of the window and the command line."""

    STARTING = "starting"  # a process is being launched or is in Start
    RUNNING = "running"
    NOT_RESPONDING = "not responding"  # a callback is older than its deadline
    RESTARTING = "restarting"  # the process is gone, a new one comes after a delay
    STOPPING = "stopping"  # told to stop, not yet reaped
    STOPPED = "stopped"
    QUARANTINED = "quarantined"  # kept out of its provider until somebody releases it


class DriverEvent(enum.StrEnum):
    """What happens to a driver."""

    LAUNCHED = "launched"  # a process was asked for
    STARTED = "started"  # Start returned success
    DEADLINE_PASSED = "deadline passed"
    RESPONDED = "responded"
    STILL_STARTING = "responded in Start"  # which has not returned yet
    EXITED = "exited"  # reaped, and the policy says again
    KEPT_OUT = "kept out"  # no process is left, and the policy or somebody says quarantine
    STOP_ASKED = "stop asked"  # unplug, deactivation, restart, quit
    REAPED = "reaped"  # reaped after a stop, or with nothing to come after it
    RELEASED = "released"


LIVE = frozenset(
    {
        DriverState.STARTING,
        DriverState.RUNNING,
        DriverState.NOT_RESPONDING,
        DriverState.STOPPING,
    }
)
"""States with a process."""

INITIAL = DriverState.STOPPED
"""Where every driver begins."""

_S, _E = DriverState, DriverEvent
TRANSITIONS: dict[tuple[DriverState, DriverEvent], DriverState] = {
    (_S.STARTING, _E.STARTED): _S.RUNNING,
    (_S.STARTING, _E.DEADLINE_PASSED): _S.NOT_RESPONDING,
    (_S.STARTING, _E.EXITED): _S.RESTARTING,
    (_S.STARTING, _E.KEPT_OUT): _S.QUARANTINED,
    (_S.STARTING, _E.STOP_ASKED): _S.STOPPING,
    (_S.STARTING, _E.REAPED): _S.STOPPED,
    (_S.RUNNING, _E.DEADLINE_PASSED): _S.NOT_RESPONDING,
    (_S.RUNNING, _E.EXITED): _S.RESTARTING,
    (_S.RUNNING, _E.KEPT_OUT): _S.QUARANTINED,
    (_S.RUNNING, _E.STOP_ASKED): _S.STOPPING,
    (_S.RUNNING, _E.REAPED): _S.STOPPED,
    (_S.NOT_RESPONDING, _E.RESPONDED): _S.RUNNING,
    (_S.NOT_RESPONDING, _E.STILL_STARTING): _S.STARTING,
    (_S.NOT_RESPONDING, _E.STARTED): _S.RUNNING,
    (_S.NOT_RESPONDING, _E.EXITED): _S.RESTARTING,
    (_S.NOT_RESPONDING, _E.KEPT_OUT): _S.QUARANTINED,
    (_S.NOT_RESPONDING, _E.STOP_ASKED): _S.STOPPING,
    (_S.NOT_RESPONDING, _E.REAPED): _S.STOPPED,
    (_S.RESTARTING, _E.LAUNCHED): _S.STARTING,
    (_S.RESTARTING, _E.STOP_ASKED): _S.STOPPED,
    (_S.RESTARTING, _E.KEPT_OUT): _S.QUARANTINED,
    (_S.STOPPING, _E.REAPED): _S.STOPPED,
    (_S.STOPPING, _E.EXITED): _S.RESTARTING,
    (_S.STOPPING, _E.KEPT_OUT): _S.QUARANTINED,
    (_S.STOPPED, _E.LAUNCHED): _S.STARTING,
    (_S.STOPPED, _E.KEPT_OUT): _S.QUARANTINED,
    (_S.QUARANTINED, _E.RELEASED): _S.STOPPED,
    (_S.QUARANTINED, _E.STOP_ASKED): _S.STOPPED,
}


def advance(state: DriverState, event: DriverEvent) -> DriverState:
    """Return the state after an event.

    Raises:
        ValueError: The table has no such pair; the caller has a defect.
    """
    return step("driver", TRANSITIONS, state, event)
