"""Commands that change what may run: activation, removal, decisions, developer mode.

Invariant: values only, no I/O; a decision names exactly what was shown.
"""

from typing import ClassVar

import msgspec

from runtime.model.icon import Icon
from runtime.model.identity import BundleId, ContentHash, RequestId
from runtime.model.records import Extension, Request, Status
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import Name, Text


class Activate(CommandOf[Request], frozen=True, array_like=True, tag="activate"):
    """Ask for the activation of an app's extension.

    `bundle_id` empty: the app's only extension. Answered when the bundle is staged and
    verified, with the request as it then stands (it may be completed at once). Refused with
    code ``invalid-bundle`` or ``sx-N`` (N the OSSystemExtensionError).
    """

    RESULT: ClassVar[object] = Request
    app_path: Text
    bundle_id: BundleId = BundleId("")


class Replacing(msgspec.Struct, frozen=True, array_like=True, tag="replacing"):
    """Answer to `Submit`: another version is in force; nothing has been requested yet."""

    existing: Extension
    extension: Extension  # the one that was submitted


class Submit(CommandOf[Request | Replacing], frozen=True, array_like=True, tag="submit"):
    """`Activate` for an app that compares versions before one of its extensions is replaced.

    `replaces` is the id of the extension in force that may be replaced. Where another one is, of
    another version, or in developer mode of another content, `Replacing` is the answer.
    """

    RESULT: ClassVar[object] = Request | Replacing
    app_path: Text
    bundle_id: BundleId = BundleId("")
    replaces: Name = ""


class Withdraw(CommandOf[Request], frozen=True, array_like=True, tag="withdraw"):
    """Take back a request that waits, for the user who made it; answer: as it then stands.

    Refused with ``not-found``, ``not-allowed`` (another user's), ``decided`` or ``stale`` (over).
    """

    RESULT: ClassVar[object] = Request
    request: RequestId


class Deactivate(CommandOf[Extension], frozen=True, array_like=True, tag="deactivate"):
    """Stop and remove an extension. Answer: the extension as it then stands."""

    RESULT: ClassVar[object] = Extension
    bundle_id: BundleId


class RequestRemoval(CommandOf[Request], frozen=True, array_like=True, tag="request-removal"):
    """Ask for the removal of an extension: an item of the inbox, which somebody decides.

    Answer: the request as it then stands; it is completed at once where a profile lets the
    client's user remove it alone. Refused with ``not-found``, ``sx-10`` (a profile keeps it) or
    ``busy`` (too many wait).
    """

    RESULT: ClassVar[object] = Request
    bundle_id: BundleId


class Revoke(CommandOf[Extension], frozen=True, array_like=True, tag="revoke"):
    """Take the approvals of an extension away: its drivers are stopped, its app has to ask again.

    Answer: the extension as it then stands. Refused with ``not-found`` (none of it is approved),
    ``sx-10`` (a profile decides) or ``not-allowed``.
    """

    RESULT: ClassVar[object] = Extension
    bundle_id: BundleId
    note: Text = ""


class Undo(CommandOf[Request], frozen=True, array_like=True, tag="undo"):
    """Undo the decision on a request: it waits again, and what only that let run is stopped.

    Answer: the request as it then stands. Refused with ``not-found``, ``stale`` (it has no
    decision, or one that something else was built on since), ``sx-10`` or ``not-allowed``.
    """

    RESULT: ClassVar[object] = Request
    request: RequestId


class Decide(CommandOf[Request], frozen=True, array_like=True, tag="decide"):
    """Approve or deny a request.

    A decision names what was shown: request, content hash and nonce are compared again when
    it is applied. Repeating a decision that holds is answered with the same result. Refused
    with ``not-allowed``, ``not-found``, ``stale`` (not what was shown), ``decided`` (another
    answer already holds) or ``developer-mode`` (it needs that mode, which is off).
    """

    RESULT: ClassVar[object] = Request
    request: RequestId
    content_hash: ContentHash
    nonce: Name
    approve: bool
    note: Text = ""


class ReadIcon(CommandOf[Icon], frozen=True, array_like=True, tag="read-icon"):
    """The icon of an extension, by its id; where its bundle has none, that of its app.

    Refused with ``not-found`` (it has none) or ``sx-9`` (it is no small PNG).
    """

    RESULT: ClassVar[object] = Icon
    extension: Name


class SetDeveloperMode(CommandOf[Status], frozen=True, array_like=True, tag="developer"):
    """Turn developer mode on or off. Answer: the status."""

    RESULT: ClassVar[object] = Status
    on: bool


class Installed(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `InstallSample`: where the app is, and the program in it to launch."""

    app_path: str
    program: str


class InstallSample(CommandOf[Installed], frozen=True, array_like=True, tag="install-sample"):
    """Copy the sample app that comes with the program into the Applications folder.

    It replaces the copy that is there, unless that is to `keep`: it may have been signed.
    """

    RESULT: ClassVar[object] = Installed
    keep: bool = False
