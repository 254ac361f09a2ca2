"""Buffers, parts of them, and who may map them."""

import mmap

import pytest

from runtime.driverkit import (
    IOBufferMemoryDescriptor,
    IOMemoryDescriptor,
    IOReturnError,
    kIOMemoryMapReadOnly,
    kIOReturnBadArgument,
    kIOReturnNotAligned,
    kIOReturnUnsupported,
)
from runtime.linux.shared_memory import SharedMemory
from tests.unit.driverkit.process import FakeProcess

pytestmark = pytest.mark.usefixtures("process")


def test_a_buffer_is_seen_without_a_copy() -> None:
    buffer = IOBufferMemoryDescriptor.Create(8)
    buffer.GetAddressRange()[:2] = b"hi"
    assert bytes(buffer) == b"hi" + bytes(6)
    buffer.SetLength(2)
    assert (buffer.GetLength(), bytes(buffer)) == (2, b"hi")


@pytest.mark.parametrize("capacity", [0, -1, (16 << 20) + 1])
def test_a_capacity_out_of_range_is_refused(capacity: int) -> None:
    with pytest.raises(IOReturnError) as caught:
        IOBufferMemoryDescriptor.Create(capacity)
    assert caught.value.code == kIOReturnBadArgument


def test_a_length_beyond_the_capacity_is_refused() -> None:
    with pytest.raises(IOReturnError, match="expected 0 to 8 bytes, found 9"):
        IOBufferMemoryDescriptor.Create(8).SetLength(9)


def test_a_mapping_of_a_part_sees_the_same_bytes() -> None:
    buffer = IOBufferMemoryDescriptor.Create(8)
    part = buffer.CreateSubMemoryDescriptor(2, 4)
    mapping = part.CreateMapping(offset=1, length=2)
    reading = buffer.CreateMapping(kIOMemoryMapReadOnly)
    mapping.GetAddress()[:] = b"xy"
    assert bytes(buffer) == bytes(3) + b"xy" + bytes(3)
    assert (mapping.GetOffset(), mapping.GetLength(), part.GetLength()) == (1, 2, 4)
    assert bytes(reading.GetAddress()) == bytes(buffer)
    with pytest.raises(TypeError):
        reading.GetAddress()[0] = 1


@pytest.mark.parametrize(("offset", "length"), [(-1, 2), (0, 9), (8, 1), (9, 0), (4, -1)])
def test_a_range_that_is_not_within_it_is_refused(offset: int, length: int) -> None:
    with pytest.raises(IOReturnError) as caught:
        IOBufferMemoryDescriptor.Create(8).CreateSubMemoryDescriptor(offset, length)
    assert caught.value.code == kIOReturnBadArgument


def test_who_is_given_it_for_reading_cannot_write(process: FakeProcess) -> None:
    del process
    buffer = IOBufferMemoryDescriptor.Create(8)
    view = buffer.GetAddressRange()
    fd, offset, length = buffer.CreateSubMemoryDescriptor(4, 2).share(kIOMemoryMapReadOnly)
    assert (offset, length) == (4, 2)
    with pytest.raises(PermissionError):
        mmap.mmap(fd, 8)
    view[4] = 7  # the driver itself goes on
    with mmap.mmap(fd, 8, access=mmap.ACCESS_READ) as theirs:
        assert theirs[4] == 7


def test_a_buffer_goes_with_its_last_view() -> None:
    view = IOBufferMemoryDescriptor.Create(1 << 20).GetAddressRange()
    view[-1] = 1
    assert view[-1] == 1
    assert SharedMemory.create(1).fileno() >= 0


def test_several_are_one() -> None:
    pages = [IOBufferMemoryDescriptor.Create(4096 * count) for count in (2, 1)]
    part = pages[0].CreateSubMemoryDescriptor(4096, 4096)
    tail = pages[1].CreateSubMemoryDescriptor(0, 10)
    joined = IOMemoryDescriptor.CreateWithMemoryDescriptors([part, tail])
    assert joined.GetLength() == 4106
    joined.CreateMapping(offset=4094, length=4).GetAddress()[:] = b"abcd"
    assert bytes(pages[0])[-2:] + bytes(pages[1])[:2] == b"abcd"
    with pytest.raises(IOReturnError) as alone:
        joined.share(0)
    assert alone.value.code == kIOReturnUnsupported
    for code, parts in (
        (kIOReturnBadArgument, []),
        (kIOReturnBadArgument, pages * 17),
        (kIOReturnNotAligned, [tail, part]),
        (kIOReturnNotAligned, [pages[0].CreateSubMemoryDescriptor(8, 8)]),
    ):
        with pytest.raises(IOReturnError) as refused:
            IOMemoryDescriptor.CreateWithMemoryDescriptors(parts)
        assert refused.value.code == code
