"""The keys of a tree, over the rows of a table.

Source: WAI-ARIA Authoring Practices, tree view; Qt's QTreeView for + - and *.
Invariant: every key does one thing: go to a row, open or close it, or activate it.
"""

from PySide6.QtCore import Qt

from ioregui.registry.model import RegistryModel

ACTIVATING = frozenset({int(Qt.Key.Key_Return), int(Qt.Key.Key_Enter)})


def target(model: RegistryModel, key: int, row: int) -> int:
    """Return the row that a key goes to from a row, -1 where it goes nowhere."""
    last = model.rowCount() - 1
    if key in (Qt.Key.Key_Home, Qt.Key.Key_End):
        return min(0, last) if key == Qt.Key.Key_Home else last
    if row < 0:
        return -1
    if key == Qt.Key.Key_Right and _is_open(model, row):
        return min(row + 1, last)
    if key == Qt.Key.Key_Left and not _is_open(model, row):
        return max(0, model.parent_row(row))
    return -1


def fold(model: RegistryModel, key: int, row: int) -> bool:
    """Open or close a row, as a key says; return whether it says so."""
    if row < 0:
        return False
    match key:
        case Qt.Key.Key_Right | Qt.Key.Key_Plus:
            model.set_expanded(row, expanded=True)
        case Qt.Key.Key_Left | Qt.Key.Key_Minus:
            model.set_expanded(row, expanded=False)
        case Qt.Key.Key_Asterisk:
            model.expand_below(row)
        case _:
            return False
    return True


def _is_open(model: RegistryModel, row: int) -> bool:
    return model.has_children(row) and model.rows.is_expanded(model.id_at(row))
