"""Trust in a worker process: list it, add to it, take from it.

Invariant: X.509 is read in workers only; the runtime itself handles bytes and words.
"""

from pathlib import Path

import msgspec

from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust, Trusted


class ChangeTrust(msgspec.Struct, frozen=True, array_like=True, tag="change-trust"):
    """A command about trust, as it came. Result: `Trusted`."""

    state_dir: str
    command: ListTrust | AddTrust | RemoveTrust


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
