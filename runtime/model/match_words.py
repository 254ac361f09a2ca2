"""A match in words: one line for an administrator, and what would have to change.

Invariant: pure; the templates are literals of this file, what a device or a bundle says is in
the fields.
"""

from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.words import Sentence

OUTCOMES = ("drives it", "could drive it", "would replace", "loses", "does not fit", "other kind")
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
    return Sentence(_reason(match), fields)


def remedy(match: Match) -> Sentence:
    """What would have to change for it to drive the device; empty when nothing has to."""
    fields = {"key": match.key, "wanted": match.wanted, "found": match.found}
    fields |= {"holder": match.holder or match.found, "score": str(match.score)}
    return Sentence(_remedy(match), fields)


def scored(match: Match) -> str:
    """The score as a sum: `90000 = idVendor + idProduct 90000 …`; empty without a score."""
    if match.stage not in {MatchStage.MATCHED, MatchStage.CATEGORY}:
        return ""
    if not match.parts:
        return f"{match.score}: nothing adds to it"
    sum_ = ", ".join(f"{name} {points:+d}" for name, points in match.parts)
    return f"{match.score} = {sum_}"


def _reason(match: Match) -> str:
    if match.running:
        return "it has the device, with score {score}"
    if match.displaces:
        return "it fits with score {score}, above the kernel driver's: it would replace {kext}"
    if match.stage is MatchStage.MATCHED:
        if match.bundle_id == KERNEL:
            return "the kernel can load this module for the device"
        return "it fits with score {score} and nobody is above it"
    if match.stage is MatchStage.CATEGORY:
        return "it fits with score {score}, but {holder} has the device"
    if match.stage is MatchStage.CLASS:
        return "it is for {wanted}, which this is not"
    if match.found == "nothing":
        return "{key} has to be {wanted}, and the device has none"
    if match.wanted.startswith("one of"):
        return "its keys are not {wanted}: {key} is too many or missing"
    return "{key} has to be {wanted}, the device has {found}"


def _remedy(match: Match) -> str:
    if match.stage is MatchStage.MATCHED:
        return ""
    if match.stage is MatchStage.CATEGORY:
        if match.bundle_id == KERNEL:
            return "{holder} would have to leave the device"
        return (
            "a score above that of {holder}, an IOMatchCategory of its own to stand beside it, "
            "or {holder} gone"
        )
    if match.stage is MatchStage.CLASS:
        return "IOProviderClass would have to be one of: {found}"
    if match.wanted.startswith("one of"):
        return "the personality's USB keys would have to be exactly one of the documented sets"
    if match.found == "nothing":
        return "the personality would have to leave {key} out"
    return "the personality would have to say {found} for {key}"
