"""Every real registry file is read, and counted against a simple search of the same bytes."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

from runtime.interchange import explorer_writer, json_form, plist_reader, recording
from runtime.interchange.ioreg_archive import archive
from runtime.interchange.ioreg_text import Options, lines
from runtime.interchange.json_form import value_as_json
from runtime.interchange.planes import project
from runtime.interchange.plist_values import load
from runtime.interchange.registry_file import RegistryFile, Stats, properties_of, stats
from runtime.model.identity import SERVICE_PLANE
from runtime.reader.load import open_registry, read

Measured = Callable[[str], None]

EXACT = b"+-o Root  <class IORegistryEntry, id"


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def _files(corpora: Path, folder: str, *patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in corpora.glob(f"{folder}/{pattern}")]
    return sorted(path for path in found if path.is_file())


def _stats(file: RegistryFile) -> Stats:
    return stats(file.format, file.entries, file.planes, file.warnings)


def _text(file: RegistryFile, plane: str) -> bytes:
    shown = lines(file.entries, Options(list_all=True), plane)
    return b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in shown)


def test_every_text_is_read_counted_and_written_again(corpora: Path, measured: Measured) -> None:
    files = _files(corpora, "ioreg", "**/*.txt", "**/*.txt.gz")
    exact = 0
    for path in files:
        data = _bytes(path)
        file = open_registry(path)
        found = _stats(file)
        assert found.entries == len(re.findall(rb"^[| ]*\+-o ", data, re.MULTILINE)), path
        assert found.properties == len(re.findall(rb'^[| ]*"[^"]*" = ', data, re.MULTILINE)), path
        assert found.roots == len(re.findall(rb"^\+-o ", data, re.MULTILINE)), path
        depths = (len(mark) // 2 for mark in re.findall(rb"^([| ]*)\+-o ", data, re.MULTILINE))
        assert found.max_depth == max(depths), path
        if data.startswith(EXACT) and b"\r" not in data and b"$\n" not in data:
            assert _text(file, file.planes[0]) == data, path
            exact += 1
    assert len(files) >= 57
    assert exact >= 50
    measured(f"ioreg text: {len(files)} of {len(files)} read, {exact} of {exact} byte for byte")


def test_every_saved_file_is_read_and_saved_again(corpora: Path, measured: Measured) -> None:
    files = _files(corpora, "ioreg", "**/*.ioreg.gz", "**/*.ioreg")
    for path in files:
        file = open_registry(path)
        objects = load(_bytes(path), "x")["$objects"]  # type: ignore[index]
        entries = [item for item in objects if isinstance(item, dict) and "entryTag" in item]
        keys = sum(item["properties"].count(b"\n\t<key>") for item in entries)
        found = _stats(file)
        assert (found.entries, found.properties) == (len(entries), keys), path
        again = read(explorer_writer.write(file.entries, file.planes, 1, file.host), "again")
        assert _stats(again) == found, path
        for plane in file.planes:
            assert _text(again, plane) == _text(file, plane), (path, plane)
            parents = sum(bool(entry.parent) for entry in project(file.entries, plane))
            assert parents or plane not in {"IOService", "IOUSB"}
    assert len(files) >= 13
    measured(f".ioreg: {len(files)} of {len(files)} read and written again")


def test_every_udev_database_is_read(corpora: Path, measured: Measured) -> None:
    files = _files(corpora, "machines", "**/udevadm_data/*.txt")
    for path in files:
        data = _bytes(path)
        file = open_registry(path)
        syspaths = [
            shown["LinuxSyspath"]
            for shown in map(properties_of, file.entries)
            if "LinuxSubsystem" in shown and "IOMatchedAtBoot" not in shown
        ]
        records = re.findall(rb"^P: (.*)$", data, re.MULTILINE)
        assert sorted(syspaths, key=str) == sorted(f"/sys{one.decode()}" for one in set(records))
        again = len(records) - len(set(records))
        assert file.warnings.count == again, (path, file.warnings.first)
    assert len(files) >= 37
    measured(f"udev databases: {len(files)} of {len(files)} read, every record an entry")


def test_real_files_go_through_every_form(corpora: Path, measured: Measured) -> None:
    files = _files(corpora, "ioreg", "**/MacBook9,1/*", "**/MacMini5,2/*", "**/*A2337*/*")
    files += _files(corpora, "machines", "**/RPI3B.txt", "**/XEON.txt")
    for path in files:
        file = open_registry(path)
        known = _facts(file, file.planes[0])
        listed = archive(file.entries, Options(list_all=True), file.planes[0])
        forms = {
            "plist": plist_reader.read(load(listed, "plist"), len(listed)),
            "JSON": json_form.read("\n".join(json_form.lines(file.entries)).encode()),
            "recording": recording.read(recording.write(file.entries, file.planes)),
        }
        for name, form in forms.items():
            plane = file.planes[0] if name != "plist" else SERVICE_PLANE
            assert _facts(form, plane) == known, (path, name)
    measured(f"text and udev to plist, JSON and recording: {len(files)} of {len(files)} equal")


def _facts(file: RegistryFile, plane: str) -> list[str]:
    """What all forms keep; XML has no control characters and no order of keys."""
    return [
        re.sub(
            r"\\u00[01][0-9a-f]",
            "",
            json.dumps(
                [entry.title, entry.cls, value_as_json(properties_of(entry))], sort_keys=True
            ),
        )
        for entry in project(file.entries, plane)
    ]
