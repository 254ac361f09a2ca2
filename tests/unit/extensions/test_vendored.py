"""Libraries put into a bundle by the real pip, out of wheels that the test makes."""

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from runtime.extensions import vendored
from runtime.extensions.bundle import EXTENSIONS_FOLDER
from runtime.model.errors import ProblemError


def make_wheel(folder: Path, name: str, version: str, *needs: str, native: bool = False) -> str:
    """A wheel of one module; its SHA-256."""
    info = f"{name}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
    files = {
        f"{name}/__init__.py": f"VERSION = {version!r}\n".encode(),
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"
        ).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n".encode(),
    }
    if native:
        files[f"{name}/fast.cpython-311-x86_64-linux-gnu.so"] = b"\x7fELF"
    rows = [f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in files.items()]
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, data in files.items():
            archive.writestr(inner, data)
        archive.writestr(f"{info}/RECORD", "".join([*rows, f"{info}/RECORD,,\n"]))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(data: bytes) -> str:
    raw = hashlib.sha256(data).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks for wheels."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A driver extension in an app."""
    made = tmp_path / "A.app" / EXTENSIONS_FOLDER / "com.example.a.dext"
    made.mkdir(parents=True)
    return made


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_library_comes_with_what_it_needs(wheels: Path, bundle: Path) -> None:
    """Each pinned by its hash; what is there stays as it is until it is asked for."""
    thing = make_wheel(wheels, "thing", "1.0", "part>=1")
    part = make_wheel(wheels, "part", "1.0", native=True)
    assert vendored.driver_bundle(bundle.parents[3]) == bundle
    found = vendored.add(bundle, ["thing"])
    assert [(one.name, one.version, one.sha256, one.needed_by) for one in found] == [
        ("part", "1.0", part, ("thing",)),
        ("thing", "1.0", thing, ()),
    ]
    assert vendored.native_modules(bundle) == 1
    folder = bundle / vendored.FOLDER
    assert (folder / vendored.PINS).read_text() == (
        f"part==1.0 --hash=sha256:{part}  # needed by thing\n"
        f"thing==1.0 --hash=sha256:{thing}  # asked for\n"
    )
    assert not (folder / "bin").exists()
    make_wheel(wheels, "part", "2.0")
    make_wheel(wheels, "thing", "2.0", "part>=1")
    make_wheel(wheels, "other", "1.0")
    found = vendored.add(bundle, ["other", "Thing>=2"])
    assert [(one.name, one.version) for one in found] == [
        ("other", "1.0"),
        ("part", "1.0"),
        ("thing", "2.0"),
    ]
    assert [path.name for path in folder.parent.iterdir()] == ["python"]
    before = snapshot(bundle)
    make_wheel(wheels, "broken", "1.0", "absent")
    with pytest.raises(ProblemError, match="absent"):
        vendored.add(bundle, ["broken"])
    assert snapshot(bundle) == before


def test_somebody_elses_files_are_kept(wheels: Path, bundle: Path) -> None:
    """By hand, or in an edited file of pins: the folder is not made again over them."""
    make_wheel(wheels, "thing", "1.0")
    mine = bundle / vendored.FOLDER / "mine.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("pass\n")
    with pytest.raises(ProblemError, match=r"mine\.py: expected only what `dext vendor` put"):
        vendored.add(bundle, ["thing"])
    assert mine.exists()
    mine.unlink()
    (bundle / vendored.FOLDER / vendored.PINS).write_text("thing\n")
    with pytest.raises(ProblemError, match="line 1: expected NAME==VERSION"):
        vendored.add(bundle, ["thing"])


@pytest.mark.parametrize("requirement", ["--pre", "../thing", ""])
def test_only_names_are_requirements(bundle: Path, requirement: str) -> None:
    """Pip would take options, paths and addresses as well."""
    with pytest.raises(ProblemError, match="expected a library's name"):
        vendored.add(bundle, [requirement])
    assert snapshot(bundle) == {}


def test_a_bundle_is_named_or_the_only_one(bundle: Path) -> None:
    assert vendored.driver_bundle(bundle) == bundle
    (bundle.parent / "com.example.b.dext").mkdir()
    with pytest.raises(ProblemError, match="an app with one, found 2"):
        vendored.driver_bundle(bundle.parents[3])
    with pytest.raises(ProblemError, match="an app with one, found none"):
        vendored.driver_bundle(bundle.parent)
