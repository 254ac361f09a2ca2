"""Finding what the user named: drivers and requests, by any name that is unambiguous.

Invariant: pure; never guesses between two that are alive.
"""

from collections.abc import Sequence

from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.model.records import DECIDED, Driver, Request, RequestState


def find_driver(drivers: Sequence[Driver], name: str) -> Driver:
    """The driver that a name means: IOUserClass, bundle id or driver id.

    Among several, those that have ended count only when all have; then it is the newest.

    Raises:
        ProblemError: ``not-found`` or ``ambiguous``.
    """
    named = [d for d in drivers if name in (d.name, d.bundle_id, str(d.id))]
    if not named:
        known = ", ".join(dict.fromkeys(f"{d.name} ({d.id})" for d in drivers)) or "none"
        raise ProblemError("not-found", f"driver {name}: expected one that is known, found {known}")
    exact = [d for d in named if str(d.id) == name]
    alive = [d for d in named if d.state is not DriverState.STOPPED]
    if len(alive) > 1 and not exact:
        ids = ", ".join(f"{d.id} on {d.provider_path}" for d in alive)
        raise ProblemError("ambiguous", f"driver {name}: expected one, found {ids}; name its id")
    return (exact or alive or sorted(named, key=lambda d: d.id)[-1:])[0]


def find_request(requests: Sequence[Request], name: str) -> Request:
    """The request that a name means: its id, a unique beginning of it, or a bundle id.

    Only what waits is found by less than the whole id.

    Raises:
        ProblemError: ``not-found`` or ``ambiguous``.
    """
    waiting = [request for request in requests if request.state is RequestState.WAITING]
    named = _named(requests, waiting, name)
    if len(named) > 1:
        ids = ", ".join(request.id for request in named)
        raise ProblemError("ambiguous", f"request {name}: expected one, found {ids}")
    if not named:
        known = ", ".join(request.id for request in waiting) or "none"
        raise ProblemError("not-found", f"request {name}: expected one that waits, found {known}")
    return named[0]


def find_decided(requests: Sequence[Request], name: str) -> Request:
    """The request whose decision a name means: of several, the one that was decided last.

    Raises:
        ProblemError: ``not-found``.
    """
    decided = [request for request in requests if request.state in DECIDED]
    named = _named(requests, decided, name)
    if not named:
        raise ProblemError(
            "not-found", f"request {name}: expected one that was decided, found none"
        )
    return max(named, key=lambda request: request.decided_wall_ns)


def _named(requests: Sequence[Request], wanted: Sequence[Request], name: str) -> Sequence[Request]:
    """The request of this id, else those wanted of this bundle id, else with this beginning."""
    exact = [request for request in requests if request.id == name]
    bundle = [request for request in wanted if request.bundle_id == name]
    return exact or bundle or [r for r in wanted if name and r.id.startswith(name)]
