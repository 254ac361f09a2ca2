"""Where clone3 does not exist or is forbidden, drivers are made and end as they do with it."""

import errno
import os
import sys
from collections.abc import Iterator

import pytest

from runtime.linux.syscalls import numbers
from tests.integration.host.stage import ROOT, Zygote
from tests.integration.host.test_lifetimes import (  # noqa: F401 - the same tests, on this zygote
    test_a_busy_driver_ends_when_the_runtime_closes_its_watch_socket,
    test_a_driver_ends_when_the_runtime_closes_its_control_socket,
    test_as_root_each_driver_is_a_user_of_its_own,
    test_drivers_run_on_when_the_zygote_is_killed,
)
from tests.integration.host.test_misbehaviour import (  # noqa: F401
    test_an_end_without_goodbye_is_seen_with_its_number,
    test_an_exception_in_start_is_told_and_ends_the_process,
)

pytestmark = pytest.mark.skipif(not numbers(), reason="this machine's system calls are not known")


@pytest.fixture(params=[errno.ENOSYS, errno.EPERM], ids=["an old kernel", "a container"])
def zygote(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """A zygote whose clone3 is refused."""
    command = [sys.executable, "-m", "tests.integration.host.without_clone3", str(request.param)]
    stage = Zygote(command, os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        if stage.ready.missing and "sandbox" in stage.ready.missing[0]:
            pytest.skip(stage.ready.missing[0])
        yield stage
    finally:
        stage.close()
