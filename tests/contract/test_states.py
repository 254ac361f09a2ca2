"""The diagrams in the documents are those of the transition tables."""

from pathlib import Path

import pytest

from docs.states import generate

FOLDER = Path(generate.__file__).parent


@pytest.mark.parametrize("name", generate.pages())
def test_diagram_is_current(name: str) -> None:
    expected = generate.pages()[name]
    assert (FOLDER / name).read_text() == expected, "run: python docs/states/generate.py"
