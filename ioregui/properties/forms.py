"""An entry's properties as the bytes of a file: JSON, a property list, or text.

The forms of a value are those of `ioreg --json`, `ioreg -a` and `ioreg -l`.
Invariant: Qt-free; every value is whole.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from runtime.interchange import plist_writer
from runtime.interchange.ioreg_values import Values
from runtime.interchange.json_form import value_as_json
from runtime.model.properties import Properties


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its name for people, the ending of its files, and what makes the bytes."""

    name: str
    ending: str
    make: Callable[[Properties], bytes]


def _json(table: Properties) -> bytes:
    made = {key: value_as_json(value) for key, value in table.items()}
    return (json.dumps(made, ensure_ascii=False, indent=2) + "\n").encode()


def _text(table: Properties) -> bytes:
    values = Values()
    return "".join(f'"{key}" = {values.show(value)}\n' for key, value in table.items()).encode()


FORMS = (
    Form("JSON", "json", _json),
    Form("property list", "plist", plist_writer.dump),
    Form("text", "txt", _text),
)
"""Every form, the commonest first."""
