"""Imports from a bundle in memory."""

import importlib
import sys
from collections.abc import Iterator

import pytest

from runtime.host.loader import BundleFinder, install
from runtime.model.identity import ContentHash


@pytest.fixture
def finder() -> Iterator[BundleFinder]:
    modules, meta_path = set(sys.modules), list(sys.meta_path)
    yield install(
        {
            "sample_main.py": b"import sample_lib.part\nVALUE = sample_lib.part.VALUE\n",
            "Resources/python/sample_lib/__init__.py": b"",
            "Resources/python/sample_lib/part.py": b"VALUE = 7\ndef fail():\n    raise OSError\n",
        },
        "com.example.dext",
        ContentHash("0" * 64),
    )
    sys.meta_path[:] = meta_path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_imports_modules_and_vendored_packages(finder: BundleFinder) -> None:
    module = importlib.import_module("sample_main")
    assert module.VALUE == 7
    assert module.__file__ == "com.example.dext/sample_main.py"


def test_inspect_finds_the_source_s_lines(finder: BundleFinder) -> None:
    import inspect  # noqa: PLC0415 - the module under test is imported late as well

    part = importlib.import_module("sample_lib.part")
    assert inspect.getsource(part.fail) == "def fail():\n    raise OSError\n"


def test_other_names_are_not_its_business(finder: BundleFinder) -> None:
    assert finder.find_spec("json", None) is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("sample_absent")
