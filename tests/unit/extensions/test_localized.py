"""Names in other languages: every form of a strings file is read, and anything else is refused."""

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.extensions.localized import MOST_BYTES, MOST_LANGUAGES, read_localized, read_strings
from runtime.extensions.staging import stage
from runtime.model.errors import BundleError
from runtime.model.records import Localized
from tests.unit.extensions.conftest import AppFolder, Bench

TEXT = """/* who it is */
"CFBundleDisplayName" = "Ger\\U00e4t \\"A\\" \\Ud83d\\Udd0c";
OSBundleUsageDescription = "Liest\\ndas Ger\u00e4t."; // why
"""
TABLE = {
    "CFBundleDisplayName": 'Ger\u00e4t "A" \U0001f50c',
    "OSBundleUsageDescription": "Liest\ndas Ger\u00e4t.",
}


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        plistlib.dumps(TABLE),
        plistlib.dumps(TABLE, fmt=plistlib.FMT_BINARY),
    ],
)
def test_every_form_says_the_same(data: bytes) -> None:
    assert read_strings(data, "x") == TABLE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'"a" = "b"', "x: a: expected"),
        (b'"a" "b" = ;', "x: a: expected"),
        (b'"a" = ;;', "x: a: expected"),
        (b'\n"a" = "b', "x: line 2: expected"),
        (b"\xff\xfe\x00", "expected text in UTF-8 or UTF-16"),
        (b"bplist00", "a broken one"),
        (b'"a" = "x\\Ud800";', r"x: expected characters, found half of one in x\\Ud800"),
    ],
)
def test_what_is_no_strings_file_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        read_strings(data, "x")


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_refused_or_read(data: bytes) -> None:
    try:
        table = read_strings(data, "x")
    except BundleError as error:
        table = {"x": str(error)}
    assert all(isinstance(text, str) for text in table.values())


def test_languages_are_those_of_the_folders() -> None:
    files = {
        "de.lproj/InfoPlist.strings": TEXT.encode(),
        "Resources/pt_BR.lproj/InfoPlist.strings": b"CFBundleName = Leitor;",
        "French.lproj/InfoPlist.strings": b"",
        "de.lproj/Other.strings": b"noise",
        "deep/de.lproj/InfoPlist.strings": b"noise",
    }
    assert read_localized(files, "OSBundleUsageDescription", "X.dext") == (
        Localized("fr", "", ""),
        Localized("pt-BR", "Leitor", ""),
        Localized("de", TABLE["CFBundleDisplayName"], TABLE["OSBundleUsageDescription"]),
    )


@pytest.mark.parametrize(
    ("count", "text", "words"),
    [
        (MOST_LANGUAGES + 1, b"CFBundleName = x;", "at most 64 languages and 262144 bytes"),
        (MOST_LANGUAGES, b"CFBundleName = " + b"x" * 200 + b";", "at most 12000 characters"),
        (1, b"a=b;" * (MOST_BYTES // 4) + b" ", "found 1 and 262145"),
    ],
)
def test_too_many_or_too_long_are_refused(count: int, text: bytes, words: str) -> None:
    files = {f"a{number}.lproj/InfoPlist.strings": text for number in range(count)}
    with pytest.raises(BundleError, match=words):
        read_localized(files, "", "X.dext")


def test_a_request_carries_them(bench: Bench, app: AppFolder) -> None:
    folder = app.dext / "de.lproj"
    folder.mkdir()
    (folder / "InfoPlist.strings").write_text(TEXT)
    request = bench.ask(stage(app.path, "", bench.state_dir, None))
    bench.restart()
    (kept,) = bench.extensions.extensions()
    assert kept.localized == request.localized
    assert request.localized[0].name == TABLE["CFBundleDisplayName"]
    assert request.name == "Widget Driver", "commands speak English"
