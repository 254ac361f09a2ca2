"""Imports from a bundle in memory."""

import importlib.metadata
import importlib.resources
import importlib.util
import marshal
import pkgutil
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
            "Resources/python/sample_lib/data/words.txt": "Wörter\n".encode(),
            "Resources/python/sample_lib/data/more/deep.bin": b"\0\1",
            "Resources/python/Sample_Lib-1.2.dist-info/METADATA": (
                b"Metadata-Version: 2.1\nName: Sample-Lib\nVersion: 1.2\n"
            ),
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


def test_code_of_another_process_is_imported_unless_another_python_compiled_it(
    finder: BundleFinder,
) -> None:
    code = marshal.dumps(compile("VALUE = 8", "x", "exec"))
    this = importlib.util.MAGIC_NUMBER + code
    assert finder.compile("sample_main", b"\0\0\r\n" + code).startswith(this[:4])
    assert importlib.import_module("sample_main").VALUE == 7
    assert finder.compile("sample_main", this) == this
    assert importlib.reload(sys.modules["sample_main"]).VALUE == 8
    assert importlib.reload(sys.modules["sample_main"]).VALUE == 7, "once"
    assert finder.compile("json", b"") == b"", "none of the bundle"


def test_inspect_finds_the_source_s_lines(finder: BundleFinder) -> None:
    import inspect  # noqa: PLC0415 - the module under test is imported late as well

    part = importlib.import_module("sample_lib.part")
    assert inspect.getsource(part.fail) == "def fail():\n    raise OSError\n"


def test_other_names_are_not_its_business(finder: BundleFinder) -> None:
    assert finder.find_spec("json", None) is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("sample_absent")


def test_a_library_finds_its_files(finder: BundleFinder) -> None:
    """Through the interfaces of the standard library; there are none without a bundle."""
    folder = importlib.resources.files("sample_lib") / "data"
    assert folder.joinpath("words.txt").read_text(encoding="utf-8") == "Wörter\n"
    with folder.joinpath("words.txt").open(encoding="utf-8") as stream:
        assert stream.readlines() == ["Wörter\n"]
    assert folder.joinpath("more/deep.bin").read_bytes() == b"\0\1"
    assert [each.name for each in folder.iterdir()] == ["more", "words.txt"]
    assert [each.is_dir() for each in folder.iterdir()] == [True, False]
    assert pkgutil.get_data("sample_lib", "data/words.txt") == "Wörter\n".encode()
    absent = folder / "absent.txt"
    assert not absent.is_file()
    with pytest.raises(FileNotFoundError, match="sample_lib/data/absent"):
        absent.read_bytes()
    with pytest.raises(FileNotFoundError, match="absent"):
        pkgutil.get_data("sample_lib", "absent")


def test_a_library_knows_its_version(finder: BundleFinder) -> None:
    """By any spelling of its name; what is not vendored stays what is installed, or unknown."""
    assert importlib.metadata.version("sample.lib") == "1.2"
    assert importlib.metadata.version("pyusb")
    assert "Sample-Lib" in {each.name for each in importlib.metadata.distributions()}
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("sample_absent")
