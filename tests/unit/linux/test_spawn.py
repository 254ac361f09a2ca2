"""A process takes all the descriptors that it may have."""

import resource
import subprocess
import sys

CODE = """
import resource
from runtime.linux import spawn
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))
spawn.allow_descriptors()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 200
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["200", "200"]
