"""Where an app has to be for its extensions to be activated: an Applications folder.

Invariant: the rule and the path stand in the message.
"""

from collections.abc import Sequence
from pathlib import Path

from runtime.extensions.codes import refused
from runtime.model.sx_code import SxCode

SHARED_APPLICATIONS = Path("/opt/Applications")


def applications_folders(home: Path) -> tuple[Path, ...]:
    """The Applications folders of the user with this home, the user's own first."""
    return (home / "Applications", SHARED_APPLICATIONS)


def missing(paths: Sequence[str]) -> tuple[str, ...]:
    """The paths of apps that were deleted or moved: the folder is there, the app in it is not.

    Blocks.
    """
    return tuple(
        path for path in paths if Path(path).parent.is_dir() and not Path(path, "Contents").is_dir()
    )


def check_location(app: Path, folders: Sequence[Path]) -> None:
    """Hold an app to the Applications folders, links resolved.

    Raises:
        BundleError: It is in none of them.
    """
    real = app.resolve()
    if not any(real.is_relative_to(folder.resolve()) for folder in folders):
        wanted = " or ".join(str(folder) for folder in folders)
        raise refused(
            str(app),
            f"an app in {wanted} (developer mode lifts this)",
            f"it in {real.parent}",
            sx_code=SxCode.UNSUPPORTED_PARENT_BUNDLE_LOCATION,
        )
