"""Methods of a provider with interrupts.

Source: xnu IOService.h, registerInterrupt, getInterruptType, enableInterrupt; kernel
Documentation/driver-api/uio-howto.rst.
Invariant: values only, no I/O.
"""

from typing import ClassVar

from runtime.wire.limits import Number
from runtime.wire.method import MethodBase as _Method

EDGE, LEVEL = 0, 1
"""IOInterruptTypes.h's kIOInterruptType…"""


class RegisterInterrupt(_Method, frozen=True, tag="IOInterruptDispatchSource.Create"):
    """Have an interrupt told, disabled at first. Result: its type.

    Beside it comes one descriptor: an eventfd, whose count is that of the interrupts since it was
    last read. EXCLUSIVE_ACCESS when somebody has it, NO_INTERRUPT when there is none.
    """

    RESULT: ClassVar[type] = int
    index: Number


class GetInterruptType(_Method, frozen=True, tag="IOInterruptDispatchSource.GetInterruptType"):
    """The type of an interrupt; NO_INTERRUPT when there is none."""

    RESULT: ClassVar[type] = int
    index: Number


class EnableInterrupt(_Method, frozen=True, tag="IOInterruptDispatchSource.SetEnable"):
    """Let an interrupt that is registered happen, or not; one of a level happens once each time."""

    index: Number
    enable: bool


class UnregisterInterrupt(_Method, frozen=True, tag="IOInterruptDispatchSource.Cancel"):
    """Tell no more of it."""

    index: Number


Method = RegisterInterrupt | GetInterruptType | EnableInterrupt | UnregisterInterrupt
