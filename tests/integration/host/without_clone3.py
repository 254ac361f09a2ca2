"""A zygote for whom clone3 fails: `without_clone3 ERRNO FD`.

ENOSYS is what a kernel without it says, and some containers; EPERM is what others say. Only ever
a process of a test.
Invariant: everything else is as it was.
"""

import struct
import sys

from runtime.host import zygote
from runtime.linux import privileges, seccomp
from runtime.linux.syscalls import numbers

_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


def refusing(number: int, error: int) -> bytes:
    """A filter that answers one system call with an error, and lets all others through."""
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, _ERRNO | error)]
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, (0x06, 0, 0, _ALLOW)])


if __name__ == "__main__":
    privileges.forbid_new_privileges()
    seccomp.load(refusing(numbers()["clone3"], int(sys.argv[1])))
    sys.exit(zygote.main(sys.argv[2:]))
