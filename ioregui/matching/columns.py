"""The columns of the Matching tab. Invariant: pure functions of `Line`."""

from PySide6.QtCore import QCoreApplication

from ioregui.matching import lines
from ioregui.matching.lines import Line
from ioregui.records.column import Column

translate = QCoreApplication.translate


def columns() -> tuple[Column[Line], ...]:
    """Return the columns, from left to right, in the user's language."""
    t = translate
    return (
        Column(
            t("matching", "Name"),
            t(
                "matching",
                "A driver extension's personality or a kernel module; of a driver, the device.",
            ),
            lines.name,
            16,
        ),
        Column(
            t("matching", "Score"),
            t("matching", "How well it fits: the highest score gets the device."),
            lines.score,
            6,
            numeric=True,
        ),
        Column(
            t("matching", "Outcome"),
            t("matching", "Whether it drives the device, could, or why it does not."),
            lines.outcome,
            13,
            lines.tone,
        ),
        Column(
            t("matching", "Why"),
            t("matching", "The reason in one line; select the row for the rest."),
            lines.why,
            12,
            grows=True,
            optional=True,
        ),
    )
