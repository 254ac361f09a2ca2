"""A match in words: one line for an administrator, and what would have to change.

Invariant: pure; the templates are literals of this file, what a device or a bundle says is in
the fields.
"""

import enum

from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.words import Sentence

OUTCOMES = (
    "drives it",
    "could drive it",
    "would replace",
    "loses",
    "not active",
    "does not fit",
    "other kind",
)
"""Every word of `outcome`."""


def outcome(match: Match) -> str:
    """What became of it, in a word or three."""
    if match.running:
        return "drives it"
    if match.displaces:
        return "would replace"
    return {
        MatchStage.MATCHED: "could drive it",
        MatchStage.CATEGORY: "loses",
        MatchStage.IDLE: "not active",
        MatchStage.PROPERTIES: "does not fit",
        MatchStage.CLASS: "other kind",
    }[match.stage]


def reason(match: Match) -> Sentence:
    """Why, in one line."""
    fields = {
        "score": str(match.score),
        "holder": match.holder or match.found,
        "kext": match.displaces,
        "key": match.key,
        "wanted": match.wanted,
        "found": match.found,
    }
    return Sentence(_REASONS[_case(match)], fields)


def remedy(match: Match) -> Sentence:
    """What would have to change for it to drive the device; empty when nothing has to."""
    fields = {"key": match.key, "wanted": match.wanted, "found": match.found}
    fields |= {"holder": match.holder or match.found, "score": str(match.score)}
    return Sentence(_REMEDIES.get(_case(match), ""), fields)


def scored(match: Match) -> str:
    """The score as a sum: `89000: +90000 idVendor + idProduct, -1000 any …`; empty without one."""
    if match.stage not in {MatchStage.MATCHED, MatchStage.CATEGORY, MatchStage.IDLE}:
        return ""
    if not match.parts:
        return f"{match.score}: nothing adds to it"
    return f"{match.score}: " + ", ".join(f"{points:+d} {name}" for name, points in match.parts)


class _Case(enum.Enum):
    """The ways in which matching ends, as far as words differ."""

    RUNNING = enum.auto()
    DISPLACES = enum.auto()
    KERNEL = enum.auto()
    FITS = enum.auto()
    KERNEL_HELD = enum.auto()
    HELD = enum.auto()
    WAITING = enum.auto()
    IDLE = enum.auto()
    CLASS = enum.auto()
    KEYS = enum.auto()
    MISSING = enum.auto()
    DIFFERS = enum.auto()


def _case(match: Match) -> _Case:
    stage, kernel = match.stage, match.bundle_id == KERNEL
    cases = (
        (match.running, _Case.RUNNING),
        (bool(match.displaces), _Case.DISPLACES),
        (stage is MatchStage.MATCHED and kernel, _Case.KERNEL),
        (stage is MatchStage.MATCHED, _Case.FITS),
        (stage is MatchStage.CATEGORY and kernel, _Case.KERNEL_HELD),
        (stage is MatchStage.CATEGORY, _Case.HELD),
        (stage is MatchStage.IDLE and match.found == ExtensionState.WAITING, _Case.WAITING),
        (stage is MatchStage.IDLE, _Case.IDLE),
        (stage is MatchStage.CLASS, _Case.CLASS),
        (match.wanted.startswith("one of the"), _Case.KEYS),
        (match.found == "nothing", _Case.MISSING),
    )
    return next((case for holds, case in cases if holds), _Case.DIFFERS)


_HELD = "it fits with score {score}, but {holder} has the device"
_IDLE = "it fits with score {score}, but its extension is {found}"
_REASONS = {
    _Case.RUNNING: "it has the device, with score {score}",
    _Case.DISPLACES: "it fits with score {score}, above the kernel driver's: "
    "it would replace {kext}",
    _Case.KERNEL: "it fits with score {score}: the kernel can load this module for the device",
    _Case.FITS: "it fits with score {score}, and nobody is above it",
    _Case.KERNEL_HELD: _HELD,
    _Case.HELD: _HELD,
    _Case.WAITING: _IDLE,
    _Case.IDLE: _IDLE,
    _Case.CLASS: "it is for {wanted}, which this is not",
    _Case.KEYS: "its keys are not {wanted}: {key} is too many or missing",
    _Case.MISSING: "{key} has to be {wanted}, and the device has none",
    _Case.DIFFERS: "{key} has to be {wanted}, the device has {found}",
}
_REMEDIES = {
    _Case.KERNEL_HELD: "{holder} would have to leave the device",
    _Case.HELD: "a score above that of {holder}, an IOMatchCategory of its own to stand beside "
    "it, or {holder} gone",
    _Case.WAITING: "an administrator would have to approve it",
    _Case.IDLE: "developer mode would have to be on, or it would have to be signed by somebody "
    "whom this machine trusts",
    _Case.CLASS: "IOProviderClass would have to be one of: {found}",
    _Case.KEYS: "the personality's USB keys would have to be exactly one of the documented sets",
    _Case.MISSING: "the personality would have to leave {key} out",
    _Case.DIFFERS: "the personality would have to say {found} for {key}",
}
