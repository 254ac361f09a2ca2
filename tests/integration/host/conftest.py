"""A zygote for each test; skipped where the machine allows no sandbox at all.

Invariant: what the fixture started is gone when it returns.
"""

from collections.abc import Iterator

import pytest

from tests.integration.host.stage import Zygote


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    stage = Zygote()
    try:
        if stage.ready.missing and "sandbox" in stage.ready.missing[0]:
            pytest.skip(stage.ready.missing[0])
        yield stage
    finally:
        stage.close()
