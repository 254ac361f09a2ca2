"""Configuration profiles that may be signed: opened, and their signer judged.

A profile counts because somebody with authority added it. A signature says besides who made it:
one that does not hold is refused, one by somebody whom this machine does not trust is named so.
Invariant: blocks, so it runs in a worker; every failure is one sentence that names the file.
"""

import datetime
from pathlib import Path

import msgspec

from runtime.extensions.profile import read_profile
from runtime.model.errors import SignatureError
from runtime.model.policy import Profile

_SEQUENCE = b"\x30"  # how an envelope begins, and no text does


def read(data: bytes, file: str, state_dir: Path) -> Profile:
    """Read a profile, signed or not; `state_dir` holds whom this machine trusts.

    Raises:
        BundleError: It is no profile with a payload of ours.
        SignatureError: Its signature does not hold.
        UnavailableError: Trust cannot be read.
    """
    if not data.startswith(_SEQUENCE):
        return read_profile(data, file)
    # X.509 takes 100 ms to import, and a profile that is not signed needs none of it.
    from runtime.extensions import trust_folder  # noqa: PLC0415
    from runtime.signing import cms, trust  # noqa: PLC0415
    from runtime.signing.purpose import Purpose  # noqa: PLC0415

    envelope = cms.read(data, file)
    profile = read_profile(envelope.content, file)
    signer = trust.common_name(envelope.chain[0])
    now = datetime.datetime.now(datetime.UTC)
    try:
        trust.judge(trust_folder.load(state_dir), Purpose.PROFILE, envelope.chain, now, file)
    except SignatureError:
        signer = f"{signer}, not trusted"
    return msgspec.structs.replace(profile, signed_by=signer)
