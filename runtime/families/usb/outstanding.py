"""How much one driver process has under way at a device. Invariant: never more than it may."""

from runtime.families.usb.memory import TransferMemory
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import limits


class Outstanding:
    """Transfers and control requests of one driver process, in all.

    Attributes:
        memory: Where the data of transfers can be.
    """

    def __init__(self) -> None:
        self.memory = TransferMemory()
        self._number = 0

    def count(self, change: int) -> None:
        """One more (1) or one fewer (-1); ReturnError: there are too many."""
        if self._number + change > limits.OUTSTANDING:
            raise ReturnError(IOReturn.NO_RESOURCES, "driver has too many outstanding transfers")
        self._number += change
