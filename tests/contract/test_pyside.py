"""Guard against the PySide6 whose conversions lose references to None (6.12.0).

On Python 3.11 a few thousand calls then abort the interpreter.
"""

import sys

import PySide6
import pytest
from PySide6.QtCore import QModelIndex, QObject, Qt

CALLS = 1000


def test_version_is_in_the_tested_range() -> None:
    version = tuple(int(part) for part in PySide6.__version__.split(".")[:2])
    assert (6, 8) <= version < (6, 12)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
@pytest.mark.parametrize("call", ["index data", "property"])
def test_conversions_keep_their_references_to_none(call: str) -> None:
    index, thing = QModelIndex(), QObject()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        if call == "property":
            thing.property("absent")
        else:
            index.data(Qt.ItemDataRole.UserRole)
    assert abs(sys.getrefcount(None) - before) < CALLS // 10
