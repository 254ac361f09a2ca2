"""How wide the tree's columns want to be. Invariant: a pure function of its arguments."""

from collections.abc import Callable

from ioregui.records.fit import Wish
from ioregui.registry.cells import Column

_WISHES = {
    Column.NAME: Wish(300, 200, grows=True),
    Column.STATE: Wish(112, 96),
    Column.DRIVER: Wish(150, 80, grows=True),
    Column.PID: Wish(66, 60, optional=True),  # the inspector names the process too
}
_NOTHING = Wish(0, 0, optional=True)


def wishes(wants: Callable[[Column], bool], *, drivers: bool) -> list[Wish]:
    """Return a wish for each column; where nothing has a driver, only names are shown."""
    shown = [column for column in Column if wants(column)] if drivers else [Column.NAME]
    return [_WISHES[column] if column in shown else _NOTHING for column in Column]
