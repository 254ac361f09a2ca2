"""The sample app that comes with the program, installed like any other app.

Copying takes a few milliseconds; it is three small files.
Invariant: touches nothing but the sample's own folder.
"""

import os
import shutil
from pathlib import Path

from runtime.linux import places, roles
from runtime.model.errors import ProblemError
from runtime.wire.commands.extensions import Installed

NAME = "SampleUSB.app"
PROGRAM = Path("Contents/Linux/SampleUSB")


def install_sample(uid: int, *, keep: bool = False) -> Installed:
    """Copy the sample app into a user's Applications folder.

    It takes the place of an older copy, unless that is to `keep` and has its program.

    Raises:
        ProblemError: ``failed``, the folder cannot be written or the sample is missing.
    """
    source = roles.resources() / "samples" / NAME
    target = places.home_of(uid) / "Applications" / NAME
    installed = Installed(str(target), str(target / PROGRAM))
    if keep and (target / PROGRAM).is_file():
        return installed
    fresh = target.with_suffix(".new")
    try:
        target.parent.mkdir(exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(source, fresh)
        _give(target.parent, fresh, uid)
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    except OSError as error:
        raise ProblemError(
            "failed",
            f"{target}: expected to be able to install the sample app, found: {error.strerror}",
        ) from error
    return installed


def _give(folder: Path, app: Path, uid: int) -> None:
    """Make a user the owner of what a root runtime made for it."""
    if os.geteuid() == uid:
        return
    for path in (folder, app, *app.rglob("*")):
        os.chown(path, uid, places.account(uid).pw_gid, follow_symlinks=False)
