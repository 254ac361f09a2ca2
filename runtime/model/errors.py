"""The exception tree of the runtime.

    InspectorError
    ├── BreachError        a peer broke the protocol; the connection is over
    ├── ProblemError       a request was refused or failed; carries a code for programs
    │   ├── BundleError    a bundle, or a file in it, is not what it has to be
    │   └── SignatureError a signature, certificate or identity does not hold or cannot be used
    ├── SpawnError         a process could not be started or locked down
    ├── UnavailableError   something of this machine is missing or taken (socket, folder, udev)
    └── ReturnError        a provider refused or failed a driver's call; carries a kern_return_t

Every message is one sentence that names the object, what was expected and what was found.
Invariant: nothing outside this tree is raised on purpose across a room's border.
"""


class InspectorError(Exception):
    """Base of all errors that this project raises on purpose."""


class BreachError(InspectorError):
    """A peer sent bytes that the protocol does not allow.

    Raised by `runtime.wire` only. Not raised when a peer leaves: that is an end of file.
    """


class ProblemError(InspectorError):
    """A request could not be carried out.

    Attributes:
        code: Stable word for programs, e.g. ``not-found``, ``not-allowed``, ``busy``.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class BundleError(ProblemError):
    """A bundle is not valid.

    Attributes:
        path: The file that is at fault, relative to the app where it can be.
        sx_code: OSSystemExtensionError's number (Source: SystemExtensions.h).
    """

    def __init__(self, code: str, text: str, *, path: str = "", sx_code: int = 1) -> None:
        super().__init__(code, text)
        self.path = path
        self.sx_code = sx_code


class SignatureError(ProblemError):
    """A signature, seal, certificate, ticket or identity does not hold or cannot be used."""


class SpawnError(InspectorError):
    """A child process could not be started or locked down; nothing of it is left."""


class UnavailableError(InspectorError):
    """The machine lacks what was asked for: a socket, a folder, a device, udev."""


class ReturnError(InspectorError):
    """A provider's method failed; crosses the wire as `Fail`.

    Attributes:
        code: The kern_return_t, one of `runtime.model.kern_return.IOReturn`.
    """

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text or f"kern_return_t {code:#010x}")
        self.code = code
        self.text = text
