"""What a notary looks at before it issues a ticket.

The app is whole and every extension in it is signed by the app's team; nothing in it reaches around
the sandbox's rules or brings code that nobody can read: no import of what a driver may not use
(the sandbox refuses it in any case; here the author learns it before any user does), no compiled
Python, no native module outside ``Resources/python``.
Source: Apple, Notarizing macOS software before distribution (the idea, not the list).
Invariant: pure; each finding names file, what was expected and what was found.
"""

import ast
from collections.abc import Iterator

from runtime.extensions.plist import read as read_plist
from runtime.extensions.signed_app import Part, SignedApp
from runtime.model.errors import BundleError

FORBIDDEN_IMPORTS = frozenset(
    {"ctypes", "multiprocessing", "pty", "socket", "subprocess", "socketserver"}
)
VENDORED = "Resources/python/"
_COMPILED = (".pyc", ".pyo")
_NATIVE = (".so", ".a", ".dylib", ".dll")


def findings(app: SignedApp) -> Iterator[str]:
    """One sentence for each thing that stands against a ticket."""
    for part in app.extensions.values():
        yield from _entitlements(part)
        for path, data in part.files.items():
            yield from _file(f"{part.label}/{path}", path, data)


def _entitlements(part: Part) -> Iterator[str]:
    path = "Entitlements.plist"
    label = f"{part.label}/{path}"
    if path not in part.files:
        yield f"{label}: expected the entitlements of a driver, found no such file"
        return
    try:
        read_plist(part.files[path], label)
    except BundleError as error:
        yield str(error)


def _file(label: str, path: str, data: bytes) -> Iterator[str]:
    if path.endswith(_COMPILED):
        yield f"{label}: expected source, found compiled Python"
    elif path.endswith(_NATIVE) and not path.startswith(VENDORED):
        yield f"{label}: expected native modules in {VENDORED} only, found one here"
    elif path.endswith(".py") and not path.startswith(VENDORED):
        yield from _source(label, data)


def _source(label: str, data: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield f"{label}: expected Python, found {type(error).__name__}"
        return
    for node in ast.walk(tree):
        for name in _imported(node):
            if name.split(".")[0] in FORBIDDEN_IMPORTS:
                line = getattr(node, "lineno", 0)
                yield f"{label}:{line}: expected no import of {name}, found one"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []
