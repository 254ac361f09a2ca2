"""What can be written and how much of the past with it, in words.

Invariant: values; the words for the process are those of `runtime.export.main`.
"""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its word for the process, its name, what it is good for, its file's ending."""

    word: str
    name: str
    use: str
    ending: str


FORMS = (
    Form(
        RECORDING,
        "Recording",
        "Everything, with the past if you like; this program opens it again",
        "ioregrec",
    ),
    Form(
        "text",
        "Text",
        "What ioreg -l prints, of the plane that is shown",
        "txt",
    ),
    Form(
        "plist",
        "Property list",
        "What ioreg -a -l prints, of the plane that is shown",
        "plist",
    ),
    Form(
        "json",
        "JSON",
        "What ioreg --json prints, of the plane that is shown",
        "json",
    ),
    Form(
        "ioreg",
        "IORegistryExplorer",
        "All planes, as Apple's IORegistryExplorer opens them",
        "ioreg",
    ),
)

SPANS = (
    ("", "This moment only"),
    ("10 minutes ago", "With the last 10 minutes"),
    ("1 hour ago", "With the last hour"),
    ("1 day ago", "With the last day"),
    ("1970-01-02T00:00:00", "With all that is known"),
)
"""Since when, as the process takes it, and in words."""


def said(text: str) -> str:
    """Return one of the words above in the user's language."""
    return QCoreApplication.translate("Export", text)
