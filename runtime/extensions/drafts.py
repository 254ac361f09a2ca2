"""New records and their next states: extensions and requests as values.

Invariant: pure; the state of an extension moves by its transition table alone.
"""

import msgspec

from runtime.extensions import entitlement_words
from runtime.extensions.contents import KnownExtension
from runtime.extensions.staging import Staged
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState, advance
from runtime.model.identity import RequestId
from runtime.model.records import DeviceHit, Extension, Request, Requester, RequestState
from runtime.model.sx_code import SxCode

Devices = tuple[tuple[DeviceHit, ...], tuple[DeviceHit, ...]]
"""The present devices that an extension would match, and those that the version in force does."""


class Asked(msgspec.Struct, frozen=True):
    """Who asks, for whom, when, and which present devices it is about."""

    requester: Requester
    uid: int
    devices: Devices
    nonce: str
    wall_ns: int


class Ending(msgspec.Struct, frozen=True):
    """How a request ends that does not come to an activation, and who ended it."""

    state: RequestState
    error: SxCode
    reason: str
    by: str


def new_extension(extension_id: str, staged: Staged) -> KnownExtension:
    """The extension of a bundle that was staged for the first time: it waits."""
    manifest = staged.manifest
    record = Extension(
        id=extension_id,
        bundle_id=manifest.bundle_id,
        content_hash=staged.content_hash,
        name=manifest.name,
        short_version=manifest.short_version,
        version=manifest.version,
        state=ExtensionState.WAITING,
        team_id=manifest.team_id,
        category=manifest.category,
        app=staged.app,
        app_path=staged.app_path,
        usage=manifest.usage,
        signature=manifest.signature,
        entitlements=entitlement_words.described(manifest.entitlements()),
        localized=manifest.localized,
        built_for=manifest.built_for,
        icon=bool(manifest.icon) or staged.app_icon,
    )
    return KnownExtension(record, manifest)


def new_request(known: KnownExtension, number: int, asked: Asked) -> Request:
    """A request that waits, numbered, for an extension."""
    extension = known.record
    return Request(
        id=RequestId(f"{extension.id}:{number}"),
        extension=extension.id,
        bundle_id=extension.bundle_id,
        content_hash=extension.content_hash,
        nonce=asked.nonce,
        name=extension.name,
        short_version=extension.short_version,
        version=extension.version,
        requester=asked.requester,
        state=RequestState.WAITING,
        usage=extension.usage,
        signature=extension.signature,
        needs_developer=not known.manifest.trusted,
        entitlements=extension.entitlements,
        devices=asked.devices[0],
        devices_before=asked.devices[1],
        localized=extension.localized,
        first_wall_ns=asked.wall_ns,
        uid=asked.uid,
        ruling=extension.ruling,
    )


def judged(known: KnownExtension, staged: Staged) -> KnownExtension:
    """An extension as it was staged again: where its app is, what its signature is worth now.

    An app that lost its signature takes nothing from an extension that was trusted by it before:
    what was kept of that (`runtime.extensions.evidence`) is judged by itself.
    """
    manifest = staged.manifest
    record = msgspec.structs.replace(
        known.record,
        app=staged.app,
        app_path=staged.app_path,
        icon=bool(manifest.icon) or staged.app_icon,
    )
    if known.manifest.trusted and not manifest.trusted:
        return KnownExtension(record, known.manifest)
    record = msgspec.structs.replace(record, signature=manifest.signature, team_id=manifest.team_id)
    return KnownExtension(record, manifest)


def repeat(request: Request, known: KnownExtension, devices: Devices, nonce: str) -> Request:
    """The same request again; it gets the new nonce when something else has to be shown now."""
    signature, needs_developer = known.record.signature, not known.manifest.trusted
    same = (request.signature, request.needs_developer) == (signature, needs_developer)
    same = same and _warned(request.devices) == _warned(devices[0])
    return msgspec.structs.replace(
        request,
        count=request.count + 1,
        devices=devices[0],
        devices_before=devices[1],
        signature=signature,
        needs_developer=needs_developer,
        nonce=request.nonce if same else nonce,
    )


def _warned(devices: tuple[DeviceHit, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((hit.path, hit.warning) for hit in devices if hit.warning)


def advanced(known: KnownExtension, event: ExtensionEvent, note: str = "") -> KnownExtension:
    """An extension after an event.

    Raises:
        ValueError: The table has no such pair; the caller has a defect.
    """
    state = advance(known.record.state, event)
    return KnownExtension(
        msgspec.structs.replace(known.record, state=state, note=note), known.manifest
    )


def completed(request: Request, by: str, now: int) -> Request:
    """A request that was approved and needs nothing more."""
    return msgspec.structs.replace(
        request, state=RequestState.COMPLETED, decided_by=by, decided_wall_ns=now
    )


def ended(request: Request, ending: Ending, now: int) -> Request:
    """A request that did not come to an activation, with Apple's error number and why."""
    return msgspec.structs.replace(
        request,
        state=ending.state,
        error=int(ending.error),
        reason=ending.reason,
        decided_by=ending.by,
        decided_wall_ns=now,
    )
