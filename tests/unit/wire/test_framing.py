"""Frames of the client stream."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model.errors import BreachError
from runtime.wire import limits
from runtime.wire.framing import FrameReader, frame

payload_lists = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


@given(payloads=payload_lists, data=st.data())
def test_a_stream_may_be_split_anywhere(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(payload) for payload in payloads)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader, found = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert found == payloads


@given(stream=st.binary(max_size=64))
def test_noise_is_a_breach_or_frames(stream: bytes) -> None:
    with contextlib.suppress(BreachError):
        assert all(FrameReader().feed(stream))


@pytest.mark.parametrize("length", [0, limits.FRAME + 1, 0xFFFFFFFF])
def test_a_length_out_of_bounds_is_a_breach(length: int) -> None:
    with pytest.raises(BreachError, match=f"found {length}"):
        FrameReader().feed(length.to_bytes(4, "big"))


@pytest.mark.parametrize("payload", [b"", bytes(limits.FRAME + 1)])
def test_a_payload_out_of_bounds_is_the_senders_defect(payload: bytes) -> None:
    with pytest.raises(ValueError, match="expected 1 to"):
        frame(payload)


def test_the_largest_frame_passes() -> None:
    payload = bytes(limits.FRAME)
    assert FrameReader().feed(frame(payload)) == [payload]
