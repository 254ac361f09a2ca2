"""A plane: who stands where, against a plain look at all entries."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.model.identity import ROOT_ID, EntryId
from runtime.registry.plane import Plane

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple)


class Planes(RuleBasedStateMachine):
    """Entries come and go in any order; places are kept as whoever asks for those moved would."""

    def __init__(self) -> None:
        super().__init__()
        self.plane = Plane("IOPower", ROOT_ID)
        self.there: dict[EntryId, tuple[tuple[str, ...], int]] = {}
        self.known: dict[EntryId, int | None] = {}  # parents, as told
        self.next = int(ROOT_ID)

    @rule(path=PATHS, rank=st.integers(0, 2))
    def put(self, path: tuple[str, ...], rank: int) -> None:
        self.next += 1
        entry = EntryId(self.next)
        self.there[entry] = (path, rank)
        self.known[entry] = None
        self._ask(self.plane.put(entry, path, "name", "7", rank))

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(sorted(self.there)))
        del self.there[entry]
        del self.known[entry]
        self._ask(self.plane.drop(entry))
        assert self.plane.drop(entry) == []

    def _ask(self, moved: list[EntryId]) -> None:
        for entry in moved:
            if entry in self.there:
                place = self.plane.place(entry)
                self.known[entry] = None if place is None else place.parent

    def _holder(self, path: tuple[str, ...]) -> EntryId | None:
        claims = [(rank, entry) for entry, (at, rank) in self.there.items() if at == path]
        return min(claims)[1] if claims else None

    @invariant()
    def places_are_the_nearest_above(self) -> None:
        for entry, (path, _) in self.there.items():
            expected: int | None = None
            if self._holder(path) == entry:
                above = (self._holder(path[:n]) for n in range(len(path) - 1, 0, -1))
                expected = next((one for one in above if one is not None), ROOT_ID)
            assert self.known[entry] == expected
            place = self.plane.place(entry)
            assert (place and place.parent) == expected
            assert place is None or (place.plane, place.name, place.location) == (
                "IOPower",
                "name",
                "7",
            )


TestPlanes = Planes.TestCase
