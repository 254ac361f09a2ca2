"""Icons: a PNG that may be one is decoded as Qt does; all else is refused."""

import os
import zlib
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage

from runtime.extensions import icon
from runtime.extensions.bundle import read_app
from runtime.extensions.staging import collect_garbage, load_icon, stage
from runtime.model.errors import BundleError, ProblemError
from tests.unit.extensions.conftest import AppFolder, Bench


def picture(width: int, height: int, form: QImage.Format) -> QImage:
    made = QImage(width, height, form)
    for x in range(width):
        for y in range(height):
            made.setPixelColor(x, y, QColor((x * 37) & 255, (x * y) & 255, (y * 5) & 255, 255 - x))
    return made


def png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide's stub lacks this form
    return bytes(buffer.data().data())


SMALL = png(picture(9, 7, QImage.Format.Format_RGBA8888))


@pytest.mark.parametrize("form", [QImage.Format.Format_RGBA8888, QImage.Format.Format_RGB888])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (31, 17), (64, 64)])
def test_pixels_are_those_that_were_written(width: int, height: int, form: QImage.Format) -> None:
    image = picture(width, height, form)
    found = icon.decode(png(image), "icon.png")
    same = image.convertToFormat(QImage.Format.Format_RGBA8888)
    wanted = bytearray()
    for place in range(width * height):
        colour = same.pixelColor(place % width, place // width)
        wanted += bytes((colour.red(), colour.green(), colour.blue(), colour.alpha()))
    assert (found.width, found.height, found.pixels) == (width, height, bytes(wanted))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"GIF89a", "other bytes"),
        (SMALL[:40], "a broken one"),
        (SMALL[:60] + b"!" + SMALL[61:], "a broken one"),
        (png(picture(129, 1, QImage.Format.Format_RGB888)), "129 by 1, colour type 2, 8 bits"),
        (png(picture(8, 8, QImage.Format.Format_Mono)), "8 by 8, colour type 3, 1 bits"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * icon.MOST_BYTES, f"{icon.MOST_BYTES + 8}"),
    ],
)
def test_what_is_no_icon_is_refused(data: bytes, found: str) -> None:
    with pytest.raises(BundleError, match=f"^icon.png: expected .*, found {found}$"):
        icon.decode(data, "icon.png")


def test_a_small_picture_that_unpacks_to_a_big_one_is_refused() -> None:
    at = SMALL.index(b"IDAT")
    packed = zlib.compress(b"\0" * 50_000_000)
    body = b"IDAT" + packed
    bomb = len(packed).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    with pytest.raises(BundleError, match="bytes of pixels, and not 259"):
        icon.decode(SMALL[: at - 4] + bomb, "icon.png")


@settings(max_examples=60)
@given(place=st.integers(0, len(SMALL) - 1), byte=st.integers(0, 255))
def test_no_change_raises_anything_else(place: int, byte: int) -> None:
    try:
        found = icon.decode(SMALL[:place] + bytes([byte]) + SMALL[place + 1 :], "icon.png")
    except BundleError as error:
        size = 63 * 4 if str(error).startswith("icon.png: expected") else 0
    else:
        size = len(found.pixels)
    assert size == 63 * 4


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("icon", "icon.png"),
        ("icon.png", "icon.png"),
        ("other", "Resources/other.png"),
        ("old.icns", ""),
        ("../icon", ""),
        (7, ""),
    ],
)
def test_where_the_icon_is(name: str | int, path: str) -> None:
    files = ("icon.png", "Resources/other.png", "old.icns")
    assert icon.find_icon({"CFBundleIconFile": name}, files) == path


@pytest.fixture
def named(app: AppFolder) -> Path:
    """Where the app's icon is to be."""
    app.app_info["CFBundleIconFile"] = "Widget"
    app.write()
    folder = app.path / "Contents/Resources"
    folder.mkdir()
    return folder / "Widget.png"


def test_an_extension_without_an_icon_has_its_apps(
    app: AppFolder, named: Path, bench: Bench
) -> None:
    named.write_bytes(SMALL)
    asked = bench.ask(stage(app.path, "", bench.state_dir, None))
    (extension,) = bench.extensions.extensions()
    assert extension.icon
    content_hash, path = bench.extensions.icon_of(asked.extension)
    assert path == ""
    named.unlink()
    assert load_icon(bench.state_dir, content_hash) == SMALL, "as it was when it was asked for"
    assert collect_garbage(bench.state_dir, {content_hash}) == 0
    assert load_icon(bench.state_dir, content_hash) == SMALL
    bench.ask(stage(app.path, "", bench.state_dir, None))
    (extension,) = bench.extensions.extensions()
    assert not extension.icon, "it has none any more"
    assert collect_garbage(bench.state_dir, ()) == 2
    with pytest.raises(ProblemError, match="expected an icon, found no such file"):
        load_icon(bench.state_dir, content_hash)


def test_its_own_icon_counts_for_more(app: AppFolder, named: Path, bench: Bench) -> None:
    named.write_bytes(b"the app's")
    app.info["CFBundleIconFile"] = "own"
    app.write()
    (app.dext / "own.png").write_bytes(SMALL)
    asked = bench.ask(stage(app.path, "", bench.state_dir, None))
    assert bench.extensions.icon_of(asked.extension)[1] == "own.png"


@pytest.mark.parametrize("what", ["nothing", "link", "folder", "big", "empty", "outside"])
def test_what_is_no_icon_of_an_app_keeps_nobody_from_asking(
    app: AppFolder, named: Path, tmp_path: Path, what: str
) -> None:
    (tmp_path / "secret.png").write_bytes(SMALL)
    match what:
        case "link":
            named.symlink_to(tmp_path / "secret.png")
        case "folder":
            named.mkdir()
        case "big":
            named.write_bytes(SMALL + b"\0" * icon.MOST_BYTES)
        case "empty":
            named.write_bytes(b"")
        case "outside":
            app.app_info["CFBundleIconFile"] = "../../../secret"
            app.write()
    assert read_app(app.path).icon == {}
