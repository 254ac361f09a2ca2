"""What the program tells the desktop: icon, desktop file, AppStream metainfo."""

import configparser
import shutil
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ioregui.__main__ import ICON
from ioregui.app import DESKTOP_FILE
from runtime.linux import roles

RESOURCES = roles.resources()
DESKTOP = RESOURCES / "desktop" / f"{DESKTOP_FILE}.desktop"
METAINFO = RESOURCES / "desktop" / f"{DESKTOP_FILE}.metainfo.xml"


def test_all_speak_of_one_program() -> None:
    desktop = configparser.RawConfigParser()
    desktop.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    desktop.read(DESKTOP, encoding="utf-8")
    assert desktop["Desktop Entry"]["Exec"] == "ioregui"
    assert f"{desktop['Desktop Entry']['Icon']}.svg" == ICON.name
    root = ElementTree.parse(METAINFO).getroot()
    assert root.findtext("id") == DESKTOP_FILE
    assert root.findtext("launchable") == DESKTOP.name
    project = tomllib.loads((RESOURCES.parent / "pyproject.toml").read_text())["project"]
    binaries = {one.text for one in root.iterfind("provides/binary")}
    assert binaries == set(project["scripts"])
    assert (RESOURCES / ICON).is_file()


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (("desktop-file-validate",), DESKTOP),
        (("appstreamcli", "validate", "--no-net"), METAINFO),
    ],
    ids=["desktop", "metainfo"],
)
def test_validators_agree(command: tuple[str, ...], path: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
