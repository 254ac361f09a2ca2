"""The life of a broker: states, events, and the one transition table.

Invariant: an unknown (state, event) pair raises; the diagram in docs/states is made from here.
"""

import enum

from runtime.model.lifecycle import step


class BrokerState(enum.StrEnum):
    """The words of the registry."""

    STARTING = "starting"  # its process is being made; what it is told waits for it
    SERVING = "serving"  # it holds the device for drivers
    GIVING_BACK = "giving back"  # no driver wants the device; it ends by itself
    GONE = "gone"


class BrokerEvent(enum.StrEnum):
    """What happens to a broker."""

    READY = "ready"  # it is locked down
    DISMISSED = "dismissed"  # no driver wants the device any more, or the runtime ends
    EXITED = "exited"  # reaped, or never there


INITIAL = BrokerState.STARTING
"""Where every broker begins."""

_S, _E = BrokerState, BrokerEvent
TRANSITIONS: dict[tuple[BrokerState, BrokerEvent], BrokerState] = {
    (_S.STARTING, _E.READY): _S.SERVING,
    (_S.STARTING, _E.DISMISSED): _S.GIVING_BACK,
    (_S.STARTING, _E.EXITED): _S.GONE,
    (_S.SERVING, _E.DISMISSED): _S.GIVING_BACK,
    (_S.SERVING, _E.EXITED): _S.GONE,
    (_S.GIVING_BACK, _E.EXITED): _S.GONE,
}


def advance(state: BrokerState, event: BrokerEvent) -> BrokerState:
    """Return the state after an event.

    Raises:
        ValueError: The table has no such pair; the caller has a defect.
    """
    return step("broker", TRANSITIONS, state, event)
