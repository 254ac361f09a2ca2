"""What differs between two registries, as text or JSON.

Text: a line for each entry, `-` removed, `+` added, `>` moved, `~` changed, and below it a line for
each property with its value before and after.
Invariant: a pure function of a comparison.
"""

import json
from collections.abc import Iterator, Sequence

from runtime.interchange.ioreg_values import Values
from runtime.interchange.json_form import value_as_json
from runtime.model.entry import Entry
from runtime.model.properties import Value
from runtime.query.compare import Comparison, Pair, Side


def text(names: Sequence[str], comparison: Comparison, values: Values) -> Iterator[str]:
    """The lines; none where nothing differs. `names` are those of the two sides."""
    if comparison.is_equal:
        return
    yield f"--- {values.safe(names[0])}"
    yield f"+++ {values.safe(names[1])}"
    for side in comparison.removed:
        yield values.safe(f"- {side.path}  <class {side.entry.cls}>")
    for side in comparison.added:
        yield values.safe(f"+ {side.path}  <class {side.entry.cls}>")
    for pair in comparison.moved:
        yield values.safe(
            f"> {pair.path_before}  <class {pair.before.cls}> is now {pair.path_after}"
        )
    for pair in comparison.changed:
        yield values.safe(f"~ {pair.path_after}  <class {pair.after.cls}>")
        for change in pair.changes:
            before = _shown(change.before, values)
            yield f"    {values.text(change.key)} = {before} is now {_shown(change.after, values)}"


def json_lines(comparison: Comparison) -> Iterator[str]:
    """One array of objects, an object a line."""
    before = "["
    for made in _objects(comparison):
        yield before + json.dumps(made, ensure_ascii=False)
        before = ","
    yield "[]" if before == "[" else "]"


def _objects(comparison: Comparison) -> Iterator[dict[str, object]]:
    for side in comparison.removed:
        yield _side("removed", side)
    for side in comparison.added:
        yield _side("added", side)
    for pair in comparison.moved:
        yield {
            "change": "moved",
            "path": pair.path_after,
            "pathBefore": pair.path_before,
            "class": pair.after.cls,
        }
    for pair in comparison.changed:
        yield _changed(pair)


def _side(change: str, side: Side) -> dict[str, object]:
    entry: Entry = side.entry
    return {"change": change, "path": side.path, "class": entry.cls, "name": entry.name}


def _changed(pair: Pair) -> dict[str, object]:
    """A pair with its properties; a side that has none of a key lacks that side's word."""
    made: list[dict[str, object]] = []
    for change in pair.changes:
        shown: dict[str, object] = {"key": change.key}
        if change.before is not None:
            shown["before"] = value_as_json(change.before)
        if change.after is not None:
            shown["after"] = value_as_json(change.after)
        made.append(shown)
    return {
        "change": "changed",
        "path": pair.path_after,
        "class": pair.after.cls,
        "properties": made,
    }


def _shown(value: Value | None, values: Values) -> str:
    return "nothing" if value is None else values.show(value)
