"""What a program asks of system extensions, and the delegate that is told what becomes of it.

Source: Apple SystemExtensions: OSSystemExtensionRequest, …RequestDelegate, …Properties.
Invariant: values, and callbacks that do nothing by themselves.
"""

import abc
import enum

import msgspec

from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId
from runtime.model.records import Extension
from runtime.model.sx_code import SxCode


class ActivationRequest(msgspec.Struct, frozen=True):
    """Activate an extension of an app; an empty `bundle_id` means the app's only one."""

    app_path: str  # absolute
    bundle_id: BundleId = BundleId("")


class DeactivationRequest(msgspec.Struct, frozen=True):
    """Stop an extension and remove it in all its versions, once somebody approves that."""

    bundle_id: BundleId


class PropertiesRequest(msgspec.Struct, frozen=True):
    """Ask what is known of an extension, one answer for each version."""

    bundle_id: BundleId


SystemExtensionRequest = ActivationRequest | DeactivationRequest | PropertiesRequest


class ExtensionProperties(msgspec.Struct, frozen=True):
    """One version of an extension, as the framework describes it."""

    bundle_id: BundleId
    short_version: str
    version: str
    app_path: str
    is_enabled: bool
    is_awaiting_user_approval: bool
    is_uninstalling: bool


class ReplacementAction(enum.Enum):
    """What is to become of the version that is installed."""

    CANCEL = 0  # it stays; the request fails with `SxCode.REQUEST_CANCELED`
    REPLACE = 1


class Result(enum.Enum):
    """How a request was fulfilled. Nothing here needs a reboot: only the first is given."""

    COMPLETED = 0
    WILL_COMPLETE_AFTER_REBOOT = 1


class Failure(msgspec.Struct, frozen=True):
    """Why a request was not fulfilled: Apple's number, and one sentence."""

    code: SxCode
    text: str


class RequestDelegate(abc.ABC):
    """Is told what becomes of a request; as in Apple's protocol, only the last is optional.

    Every method is called from `SystemExtensions.wait`, or from `Client.on_readable` and `apply`.
    """

    @abc.abstractmethod
    def action_for_replacing(
        self,
        request: ActivationRequest,
        existing: ExtensionProperties,
        extension: ExtensionProperties,
    ) -> ReplacementAction:
        """Another version is installed: compare, and say what to do (`actionForReplacing…`).

        Called when either version number differs, and in developer mode whenever the content
        does.
        """

    @abc.abstractmethod
    def needs_user_approval(self, request: SystemExtensionRequest) -> None:
        """It waits for somebody's decision; this program may end, the request stays."""

    @abc.abstractmethod
    def did_finish(self, request: SystemExtensionRequest, result: Result) -> None:
        """It is fulfilled."""

    @abc.abstractmethod
    def did_fail(self, request: SystemExtensionRequest, failure: Failure) -> None:
        """It is not fulfilled, and over."""

    def found_properties(  # noqa: B027 - only who asks for properties needs it
        self, request: PropertiesRequest, properties: tuple[ExtensionProperties, ...]
    ) -> None:
        """A properties request is fulfilled; none are found for what is not installed."""


_ENABLED = frozenset({ExtensionState.ACTIVE, ExtensionState.UPGRADING})


def properties_of(extension: Extension) -> ExtensionProperties:
    """A record in the framework's terms."""
    return ExtensionProperties(
        bundle_id=extension.bundle_id,
        short_version=extension.short_version,
        version=extension.version,
        app_path=extension.app_path,
        is_enabled=extension.state in _ENABLED,
        is_awaiting_user_approval=extension.state is ExtensionState.WAITING,
        is_uninstalling=extension.state is ExtensionState.REMOVED,
    )
