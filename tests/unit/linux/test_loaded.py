"""What the linker says of this process is what the kernel says."""

import os

from hypothesis import given
from hypothesis import strategies as st

from runtime.linux import fault, images, loaded


def test_the_pieces_are_those_that_the_kernel_has_mapped() -> None:
    mapped = {(each.start, each.end, each.offset) for each in images.read(os.getpid()).images}
    told = [each for each in loaded.images() if each.path.startswith("/")]
    assert any("libc.so" in each.path for each in told)
    assert {(each.start, each.end, each.offset) for each in told} <= mapped


@given(st.binary(max_size=3200))
def test_whatever_a_process_wrote_is_modules_or_none(noise: bytes) -> None:
    record = bytes(fault.SIZE - 3072) + noise
    for module in fault.modules(record.ljust(fault.SIZE, b"\0")):
        assert module.start < module.end
        assert module.path
