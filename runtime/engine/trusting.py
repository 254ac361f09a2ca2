"""Trust in a worker process: list it, add to it, take from it; judge what is staged by it.

Invariant: X.509 is read in workers only; the runtime itself handles bytes and words.
"""

import contextlib
import datetime
from pathlib import Path

import msgspec

from runtime.extensions.verdicts import Verdict
from runtime.model.errors import ProblemError, SignatureError
from runtime.model.identity import ContentHash
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust, Trusted

MOST_JUDGED = 64  # in one job: their verdicts are one packet


class ChangeTrust(msgspec.Struct, frozen=True, array_like=True, tag="change-trust"):
    """A command about trust, as it came. Result: `Trusted`."""

    state_dir: str
    command: ListTrust | AddTrust | RemoveTrust


class Judge(msgspec.Struct, frozen=True, array_like=True, tag="judge"):
    """Judge staged extensions again; one that is lost is left out. Result: `Verdict`s."""

    state_dir: str
    content_hashes: tuple[ContentHash, ...]  # at most `MOST_JUDGED`


def judge(job: Judge) -> tuple[Verdict, ...]:
    """Do it; blocks. A folder of trust that does not hold trusts nobody.

    Raises:
        UnavailableError: Trust or evidence cannot be read.
    """
    from runtime.extensions import evidence, trust_folder  # noqa: PLC0415

    state_dir = Path(job.state_dir)
    now = datetime.datetime.now(datetime.UTC)
    try:
        known = trust_folder.load(state_dir)
    except SignatureError as error:
        found = f"signed, not trusted: {error}"
        return tuple(Verdict(one, found, "", False, str(error)) for one in job.content_hashes)
    verdicts = []
    for content_hash in job.content_hashes:
        with contextlib.suppress(ProblemError):  # loading it says so
            verdicts.append(evidence.judge(state_dir, content_hash, known, now))
    return tuple(verdicts)


def carry_out(job: ChangeTrust) -> Trusted:
    """Do it; blocks.

    Raises:
        SignatureError, UnavailableError: As `runtime.extensions.trust_folder` says.
        ProblemError: ``bad-argument``: the purpose is none.
    """
    # X.509 takes 100 ms to import: only this job of a worker needs it.
    from runtime.extensions import trust_folder  # noqa: PLC0415
    from runtime.signing.purpose import purpose_of  # noqa: PLC0415

    state_dir = Path(job.state_dir)
    match job.command:
        case ListTrust():
            return Trusted(tuple(trust_folder.items(state_dir)))
        case AddTrust(data=data, purpose=purpose, label=label):
            return Trusted((trust_folder.add(state_dir, data, purpose_of(purpose), label),))
        case RemoveTrust(fingerprint=fingerprint):
            return Trusted(tuple(trust_folder.remove(state_dir, fingerprint)))
