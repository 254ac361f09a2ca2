"""State words in the user's language, and what each means.

Invariant: every state word that a row can show is explained here.
"""

from PySide6.QtCore import QCoreApplication


def translated(word: str) -> str:
    """Return a state word in the user's language."""
    return QCoreApplication.translate("State", word) if word else ""


def explained(word: str) -> str:
    """Return one sentence that explains a state word, empty for an unknown one."""
    tell = QCoreApplication.translate
    return {
        "no driver": tell("State", "Nothing drives this device."),
        "kernel driver": tell("State", "A driver of the kernel holds this device."),
        "extension": tell("State", "A driver extension holds this device."),
        "going": tell("State", "The entry is terminated and its clients are letting go."),
        "gone": tell("State", "The entry is no longer there; it is shown a little longer."),
        "starting": tell("State", "A process is being launched or is in Start."),
        "running": tell("State", "The driver runs."),
        "serving": tell("State", "The broker holds the device for its drivers."),
        "giving back": tell("State", "No driver wants the device; its broker lets go of it."),
        "not responding": tell("State", "A callback is older than its deadline."),
        "restarting": tell("State", "The process is gone; a new one comes after a delay."),
        "stopping": tell("State", "Told to stop; its process has not ended yet."),
        "stopped": tell("State", "The driver has no process."),
        "quarantined": tell("State", "It is kept out of its device until it is released."),
    }.get(word, "")
