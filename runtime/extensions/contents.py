"""What the store holds, and how its tables say it: values, rows, migrations.

Records are stored encoded; fields are only ever appended, as on the wire.
Invariant: `read` gives what `write` took; a row that cannot be decoded raises.
"""

import sqlite3

import msgspec

from runtime.extensions.manifest import Manifest
from runtime.model.audit import DECIDED, AuditEntry
from runtime.model.identity import BundleId, ContentHash, RequestId
from runtime.model.policy import Profile
from runtime.model.records import Extension, Request

AUDIT_ENTRIES = 10_000  # that are kept of what was decided, and as many of what was asked

DecisionKey = tuple[BundleId, ContentHash, int]
"""Bundle id, content hash and uid: what an approval belongs to."""
TakeoverKey = tuple[BundleId, ContentHash, str]
"""Bundle id, content hash and a device's path: what the answer about such a device belongs to."""


class KnownExtension(msgspec.Struct, frozen=True, gc=False):
    """An extension with what its staged copy says of it."""

    record: Extension
    manifest: Manifest


class StoredDecision(msgspec.Struct, frozen=True, array_like=True):
    """Somebody's answer."""

    approved: bool
    by: str
    note: str
    wall_ns: int


class Contents(msgspec.Struct):
    """Everything in the store; `number` is the last one that a request was given."""

    extensions: dict[str, KnownExtension] = {}
    requests: dict[RequestId, Request] = {}
    decisions: dict[DecisionKey, StoredDecision] = {}
    takeovers: dict[TakeoverKey, StoredDecision] = {}
    profiles: dict[str, Profile] = {}
    developer: bool = False
    number: int = 0


class Changes(msgspec.Struct):
    """What one transaction writes; None removes a record or leaves a setting alone."""

    extensions: dict[str, KnownExtension | None] = {}
    requests: dict[RequestId, Request | None] = {}
    decisions: dict[DecisionKey, StoredDecision | None] = {}
    takeovers: dict[TakeoverKey, StoredDecision | None] = {}
    profiles: dict[str, Profile | None] = {}
    audit: list[AuditEntry] = []
    developer: bool | None = None
    number: int | None = None


_encode = msgspec.msgpack.encode
_extension = msgspec.msgpack.Decoder(Extension)
_manifest = msgspec.msgpack.Decoder(Manifest)
decode_request = msgspec.msgpack.Decoder(Request).decode
decode_decision = msgspec.msgpack.Decoder(StoredDecision).decode
decode_profile = msgspec.msgpack.Decoder(Profile).decode
decode_entry = msgspec.msgpack.Decoder(AuditEntry).decode
"""The last four decode a row's record, and raise as `decode_extension` does."""


_DECISIONS = (
    "DELETE FROM decisions WHERE bundle_id = ? AND content_hash = ? AND uid = ?",
    "REPLACE INTO decisions (bundle_id, content_hash, uid, record) VALUES (?, ?, ?, ?)",
)
_TAKEOVERS = (
    "DELETE FROM takeovers WHERE bundle_id = ? AND content_hash = ? AND path = ?",
    "REPLACE INTO takeovers (bundle_id, content_hash, path, record) VALUES (?, ?, ?, ?)",
)
"""What deletes an answer by its key, and what writes one."""


def read(connection: sqlite3.Connection) -> Contents:
    """Everything that the tables hold.

    Raises:
        ValueError: A row is not what was written.
        sqlite3.Error: The file cannot be read.
    """
    contents = Contents()
    try:
        for record, manifest in connection.execute(
            "SELECT record, manifest FROM extensions ORDER BY position"
        ):
            known = decode_extension(record, manifest)
            contents.extensions[known.record.id] = known
        for (record,) in connection.execute("SELECT record FROM requests ORDER BY position"):
            request = decode_request(record)
            contents.requests[request.id] = request
        for bundle_id, content_hash, uid, record in connection.execute(
            "SELECT bundle_id, content_hash, uid, record FROM decisions"
        ):
            contents.decisions[bundle_id, content_hash, uid] = decode_decision(record)
        for bundle_id, content_hash, path, record in connection.execute(
            "SELECT bundle_id, content_hash, path, record FROM takeovers"
        ):
            contents.takeovers[bundle_id, content_hash, path] = decode_decision(record)
        for (record,) in connection.execute("SELECT record FROM profiles ORDER BY position"):
            profile = decode_profile(record)
            contents.profiles[profile.identifier] = profile
    except (msgspec.MsgspecError, TypeError) as error:
        raise ValueError(str(error)) from error
    settings = dict(connection.execute("SELECT name, value FROM settings").fetchall())
    contents.developer = bool(settings.get("developer", 0))
    contents.number = int(settings.get("number", 0))
    return contents


def write(connection: sqlite3.Connection, changes: Changes) -> None:
    """Write changes; the transaction is the caller's.

    Raises:
        sqlite3.Error: They cannot be written.
    """
    for extension_id, known in changes.extensions.items():
        _write_extension(connection, extension_id, known)
    for request_id, request in changes.requests.items():
        _write_request(connection, request_id, request)
    for key, decision in changes.decisions.items():
        _write_answer(connection, _DECISIONS, key, decision)
    for taken, decision in changes.takeovers.items():
        _write_answer(connection, _TAKEOVERS, taken, decision)
    for identifier, profile in changes.profiles.items():
        _write_profile(connection, identifier, profile)
    for entry in changes.audit:
        _write_entry(connection, entry)
    for name, value in (("developer", changes.developer), ("number", changes.number)):
        if value is not None:
            connection.execute(
                "REPLACE INTO settings (name, value) VALUES (?, ?)", (name, int(value))
            )


def decode_extension(record: bytes, manifest: bytes) -> KnownExtension:
    """An extension's row.

    Raises:
        msgspec.MsgspecError, TypeError: It is not what was written; as of every row here.
    """
    return KnownExtension(_extension.decode(record), _manifest.decode(manifest))


def _write_extension(
    connection: sqlite3.Connection, extension_id: str, known: KnownExtension | None
) -> None:
    if known is None:
        connection.execute("DELETE FROM extensions WHERE id = ?", (extension_id,))
        return
    connection.execute(
        "INSERT INTO extensions (id, record, manifest) VALUES (?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET record = excluded.record, manifest = excluded.manifest",
        (extension_id, _encode(known.record), _encode(known.manifest)),
    )


def _write_request(
    connection: sqlite3.Connection, request_id: RequestId, request: Request | None
) -> None:
    if request is None:
        connection.execute("DELETE FROM requests WHERE id = ?", (request_id,))
        return
    connection.execute(
        "INSERT INTO requests (id, record) VALUES (?, ?) "
        "ON CONFLICT (id) DO UPDATE SET record = excluded.record",
        (request_id, _encode(request)),
    )


def _write_answer(
    connection: sqlite3.Connection,
    statements: tuple[str, str],
    key: DecisionKey | TakeoverKey,
    answer: StoredDecision | None,
) -> None:
    delete, replace = statements
    if answer is None:
        connection.execute(delete, key)
    else:
        connection.execute(replace, (*key, _encode(answer)))


def _write_profile(
    connection: sqlite3.Connection, identifier: str, profile: Profile | None
) -> None:
    """An exchanged profile goes to the end: the first one that says something is named."""
    connection.execute("DELETE FROM profiles WHERE identifier = ?", (identifier,))
    if profile is not None:
        connection.execute(
            "INSERT INTO profiles (identifier, record) VALUES (?, ?)",
            (identifier, _encode(profile)),
        )


def _write_entry(connection: sqlite3.Connection, entry: AuditEntry) -> None:
    decided = entry.deed in DECIDED
    connection.execute(
        "INSERT INTO audit (decided, record) VALUES (?, ?)", (decided, _encode(entry))
    )
    connection.execute(
        "DELETE FROM audit WHERE number <= (SELECT number FROM audit WHERE decided = ? "
        "ORDER BY number DESC LIMIT 1 OFFSET ?) AND decided = ?",
        (decided, AUDIT_ENTRIES, decided),
    )


def read_audit(connection: sqlite3.Connection, before: int, most: int) -> list[AuditEntry]:
    """The newest entries, newest first; those with a smaller number than `before`, if not 0.

    Raises:
        ValueError: A row is not what was written.
        sqlite3.Error: The file cannot be read.
    """
    rows = connection.execute(
        "SELECT number, record FROM audit WHERE number < ? ORDER BY number DESC LIMIT ?",
        (before or (1 << 63) - 1, most),
    )
    try:
        return [
            msgspec.structs.replace(decode_entry(record), number=number) for number, record in rows
        ]
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
