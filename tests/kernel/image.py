"""Debian's kernel as a VM boots it fastest: uncompressed, with an initial file system.

The kernel package is downloaded and unpacked into a cache folder, never installed, so that
nothing of the machine's own boot is touched.
Invariant: whatever this returns is complete; parts are made beside it and renamed.
Source: Linux Documentation/arch/x86/boot.rst (setup header), driver-api/early-userspace/
buffer-format.rst (cpio newc).
"""

import lzma
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "linux-image-amd64"
INITIAL_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console")
GUEST = Path(__file__).with_name("guest")
_FOLDERS = ("bin", "dev", "layer", "lower", "modules", "proc", "root", "sys")


@dataclass(frozen=True)
class Image:
    """What a VM boots, and where the modules of its kernel are on the host."""

    release: str
    kernel: Path
    initrd: Path
    modules: Path


def cache_folder() -> Path:
    """Where kernels are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ioregistry-inspector" / "kernel"


def prepare(cache: Path) -> Image:
    """Return Debian's present kernel, downloaded and unpacked if it is not in the cache.

    Raises:
        subprocess.CalledProcessError: apt, dpkg or depmod failed.
    """
    package = _newest_package()
    release = package.removeprefix("linux-image-")
    folder = cache / release
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            _unpack(package, release, Path(temporary) / "unpacked")
            (Path(temporary) / "unpacked").rename(folder)
    image = Image(
        release, folder / "vmlinux", folder / "initrd", folder / "lib" / "modules" / release
    )
    image.initrd.write_bytes(b"".join(_initial_files(folder, image)))  # the guest's init may be new
    return image


def _newest_package() -> str:
    """Name of the package that the metapackage stands for today."""
    shown = subprocess.run(
        ["apt-cache", "depends", PACKAGE], check=True, capture_output=True, text=True
    ).stdout
    for line in shown.splitlines():
        relation, _, name = line.strip().partition(": ")
        if relation == "Depends" and name.startswith("linux-image-"):
            return name
    raise LookupError(f"{PACKAGE}: expected a dependency on a kernel, found {shown!r}")


def _unpack(package: str, release: str, folder: Path) -> None:
    folder.mkdir()
    subprocess.run(
        ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package],
        check=True,
        cwd=folder,
    )
    (archive,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)
    archive.unlink()
    compressed = folder / "boot" / f"vmlinuz-{release}"
    (folder / "vmlinux").write_bytes(extract_vmlinux(compressed.read_bytes()))
    shutil.rmtree(folder / "boot")
    shutil.rmtree(folder / "usr")
    subprocess.run([_tool("depmod"), "-b", folder, release], check=True)


def extract_vmlinux(image: bytes) -> bytes:
    """Return the ELF file inside a bzImage whose payload is xz.

    Raises:
        lzma.LZMAError: The payload is not xz.
    """
    setup_sectors = image[0x1F1]
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(image[start : start + length])


def _initial_files(folder: Path, image: Image) -> Iterator[bytes]:
    """The initial file system: busybox, init, and the modules with their order."""
    for name in _FOLDERS:
        yield _record(name, 0o040755, b"")
    busybox = shutil.which("busybox")
    if busybox is None:
        raise FileNotFoundError("busybox: expected it in PATH, found nothing (busybox-static)")
    yield _record("bin/busybox", 0o100755, Path(busybox).read_bytes())
    yield _record("init", 0o100755, (GUEST / "init").read_bytes())
    modules = _load_order(folder, image.release)
    order = "".join(f"{module.name}\n" for module in modules)
    yield _record("modules/order", 0o100644, order.encode())
    for module in modules:
        yield _record(f"modules/{module.name}", 0o100644, module.read_bytes())
    yield _record("TRAILER!!!", 0, b"")


def _load_order(folder: Path, release: str) -> list[Path]:
    """Files of the initial modules, each after those that it needs."""
    command: list[str | Path] = [
        _tool("modprobe"),
        "-d",
        folder,
        "-S",
        release,
        "--show-depends",
        "-a",
    ]
    shown = subprocess.run(
        [*command, *INITIAL_MODULES], check=True, capture_output=True, text=True
    ).stdout
    lines = (line.split() for line in shown.splitlines())
    return list(dict.fromkeys(Path(line[1]) for line in lines if line[0] == "insmod"))


def _record(name: str, mode: int, data: bytes) -> bytes:
    """One file in cpio's "newc" format."""
    encoded = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return _padded(header) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _tool(name: str) -> str:
    """Path of a program that may be in an administrator's folders only."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise FileNotFoundError(f"{name}: expected it in PATH, found nothing (package kmod)")
    return path
