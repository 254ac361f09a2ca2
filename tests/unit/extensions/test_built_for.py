"""What a bundle was built for: said, or refused where this machine is older."""

import sys

import pytest

from runtime.extensions.built_for import PYTHON, SDK, SDK_VERSION, read_built_for
from runtime.model.errors import BundleError

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
OURS = ".".join(map(str, SDK_VERSION))


def test_what_fits_is_said() -> None:
    assert read_built_for({}, "Info.plist") == ""
    assert read_built_for({SDK: OURS, PYTHON: HERE}, "p") == f"DriverKit {OURS}, Python {HERE}"
    assert read_built_for({PYTHON: "3.8"}, "p") == "Python 3.8", "older ones run"
    assert read_built_for({PYTHON: "3"}, "p") == "Python 3"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (PYTHON, f"3.{sys.version_info[1] + 1}", "the Python of this machine, found 3."),
        (PYTHON, "4", "the Python of this machine, found 4"),
        (SDK, "9.0", f"expected at most {OURS}, the DriverKit of this machine, found 9.0"),
        (SDK, "soon", "expected a version like 3.11, found 'soon'"),
        (SDK, 1, "expected text, found a number 1"),
    ],
)
def test_what_is_too_new_or_no_version_is_refused(key: str, value: str | int, words: str) -> None:
    with pytest.raises(BundleError, match=words) as refusal:
        read_built_for({key: value}, "X.dext/Info.plist")
    assert str(refusal.value).startswith(f"X.dext/Info.plist: {key}: expected")
    assert refusal.value.code == "sx-9"
