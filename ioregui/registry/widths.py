"""How wide the tree's columns want to be. Invariant: a pure function of its arguments."""

from collections.abc import Callable

from ioregui.records.fit import Wish
from ioregui.registry.cells import Column

_WISHES = {  # in characters
    Column.NAME: Wish(43, 22, grows=True),
    Column.STATE: Wish(16, 16),
    Column.DRIVER: Wish(21, 9, grows=True),
    Column.PID: Wish(10, 9, optional=True),  # the inspector names the process too
}
_NOTHING = Wish(0, 0, optional=True)


def wishes(wants: Callable[[Column], bool], character: int, *, drivers: bool) -> list[Wish]:
    """Return a wish for each column, with characters of so many pixels.

    Where nothing has a driver, only names are shown.
    """
    shown = [column for column in Column if wants(column)] if drivers else [Column.NAME]
    return [_WISHES[column].scaled(character) if column in shown else _NOTHING for column in Column]
