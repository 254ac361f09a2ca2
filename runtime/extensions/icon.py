"""The icon of an extension: a small PNG of its bundle, as pixels.

It is decoded here, in a worker, by this module and zlib: the bytes are somebody else's, and neither
the window nor an image library is to parse them. RGB and RGBA of 8 bits, not interlaced.
Source: W3C Portable Network Graphics (PNG) Specification: 5 (chunks), 9 (filters), 11.2.
Invariant: bytes in, bounded pixels or `BundleError` out.
"""

import struct
import zlib
from collections.abc import Collection, Iterator

from runtime.extensions.codes import refused
from runtime.model.errors import BundleError
from runtime.model.icon import Icon
from runtime.model.properties import Properties

KEY = "CFBundleIconFile"
MOST_PIXELS = 128  # each way: as big as it is ever shown, on screens of twice the density
MOST_BYTES = 128 << 10
_BEGINS = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {2: 3, 6: 4}  # by colour type: RGB, RGBA
_EXPECTED = f"a PNG of RGB or RGBA with 8 bits, not interlaced, at most {MOST_PIXELS} each way"


def find_icon(info: Properties, files: Collection[str]) -> str:
    """The path of the icon that an Info.plist names; empty where there is none, or no PNG."""
    name = info.get(KEY)
    if not isinstance(name, str) or not name:
        return ""
    name = name if name.endswith(".png") else f"{name}.png"
    return next((path for path in (name, f"Resources/{name}") if path in files), "")


def decode(data: bytes, where: str) -> Icon:
    """The pixels of a PNG; `where` names it in errors.

    Raises:
        BundleError: It is none that may be an icon.
    """
    if len(data) > MOST_BYTES:
        raise refused(where, f"at most {MOST_BYTES} bytes", f"{len(data)}")
    try:
        return _decoded(data, where)
    except (zlib.error, struct.error, ValueError, IndexError):
        raise _broken(where, "a broken one") from None


def _decoded(data: bytes, where: str) -> Icon:
    if not data.startswith(_BEGINS):
        raise _broken(where, "other bytes")
    chunks = list(_chunks(data))
    kind, header = chunks[0]
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(
        ">IIBBBBB", header
    )
    samples = _SAMPLES.get(colour, 0)
    usual = (depth, compression, filtering, interlace) == (8, 0, 0, 0)
    fits = 0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS
    if kind != b"IHDR" or not samples or not usual or not fits:
        raise _broken(where, f"{width} by {height}, colour type {colour}, {depth} bits")
    packed = b"".join(content for kind, content in chunks if kind == b"IDAT")
    size = (width * samples + 1) * height
    unpacked = zlib.decompressobj().decompress(packed, size + 1)
    if len(unpacked) != size:
        raise _broken(where, f"{len(unpacked)} bytes of pixels, and not {size}")
    pixels = _unfiltered(unpacked, width * samples, samples)
    return Icon(width, height, pixels if samples == len("RGBA") else _opaque(pixels))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_BEGINS)
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        content = data[position + 8 : position + 8 + length]
        (check,) = struct.unpack_from(">I", data, position + 8 + length)
        if check != zlib.crc32(kind + content):
            raise ValueError("checksum")
        yield kind, content
        position += 12 + length


def _unfiltered(data: bytes, width: int, samples: int) -> bytes:
    """Undo each row's filter; `width` is the row's in bytes, `samples` a pixel's."""
    before = bytearray(width)
    pixels = bytearray()
    for start in range(0, len(data), width + 1):
        row = bytearray(data[start + 1 : start + 1 + width])
        _unfilter(data[start], row, before, samples)
        pixels += row
        before = row
    return bytes(pixels)


def _unfilter(kind: int, row: bytearray, above: bytearray, samples: int) -> None:
    if kind not in range(5):
        raise ValueError("filter")
    for at in range(len(row)) if kind else ():
        left = row[at - samples] if at >= samples else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[at]
        elif kind == 3:
            guess = (left + above[at]) // 2
        else:
            guess = _paeth(left, above[at], above[at - samples] if at >= samples else 0)
        row[at] = (row[at] + guess) & 0xFF


def _paeth(left: int, above: int, corner: int) -> int:
    """Whichever of the three is nearest to left + above - corner, in this order."""
    near = left + above - corner
    return min((left, above, corner), key=lambda value: abs(near - value))


def _opaque(pixels: bytes) -> bytes:
    rgba = bytearray(b"\xff") * (len(pixels) // 3 * 4)
    for sample in range(3):
        rgba[sample::4] = pixels[sample::3]
    return bytes(rgba)


def _broken(where: str, found: str) -> BundleError:
    return refused(where, _EXPECTED, found)
