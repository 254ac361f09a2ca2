"""`IOLog`. Invariant: never blocks and never raises."""

from runtime.driverkit.transport import process


def IOLog(text: str) -> None:
    """Write to the driver's log, shown live in the inspector; one line for each line of `text`.

    Any thread. A flood is cut short and the lines that were dropped are counted in the log.
    """
    process().log(text)
