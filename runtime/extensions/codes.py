"""The one way to refuse a bundle, with OSSystemExtensionError's number.

Invariant: every refusal is one sentence: object, what was expected, what was found.
"""

from runtime.model.errors import BundleError
from runtime.model.sx_code import SxCode


def refused(
    path: str, expected: str, found: str, *, sx_code: SxCode = SxCode.VALIDATION_FAILED
) -> BundleError:
    """Build the error for a file or folder that is not what it has to be.

    `path` may carry a key after a colon: ``Info.plist: CFBundleVersion``.
    """
    text = _printable(f"{path}: expected {expected}, found {found}")
    return BundleError(
        f"sx-{int(sx_code)}", text, path=path.split(": ", maxsplit=1)[0], sx_code=int(sx_code)
    )


def _printable(text: str) -> str:
    """Keys and names come from the bundle: what would break the line is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
