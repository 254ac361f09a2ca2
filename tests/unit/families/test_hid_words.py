"""Report descriptors in words: what a person reads, and that no bytes are too bad."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.families.hid import words
from runtime.model.hid_events import EVENT_DESCRIPTOR

PEN = bytes.fromhex(
    "050d 0902 a101 8508 0920 a100"
    "0501 0930 1500 26ff0f 46e803 6511 550d 7510 9501 8102"
    "0600ff 0901 7505 8103 0902 1580 257f 7508 9503 b102 c0c0"
)


def test_a_pen_in_words() -> None:
    reports, contents, data = words.sections(PEN)
    assert reports.rows == (
        (0, "Input report 8", "4 bytes, its id first"),
        (0, "Feature report 8", "4 bytes, its id first"),
    )
    assert contents.rows == (
        (0, "Application collection", "pen (digitizer)"),
        (1, "Physical collection", "stylus (digitizer)"),
        (
            2,
            "Input report 8",
            "X (generic desktop); 16 bits; 0 to 4095; standing for 0 to 1 cm",
        ),
        (2, "Input report 8", "5 bits that say nothing"),
        (
            2,
            "Feature report 8",
            "usage 0x02 (vendor's page 0xff00); 3 values of 8 bits; -128 to 127",
        ),
    )
    assert data.title == f"Raw, {len(PEN)} bytes"
    assert bytes.fromhex("".join(row[2] for row in data.rows)) == PEN


def test_keys_and_buttons_have_their_names() -> None:
    said = [row[2] for row in words.sections(EVENT_DESCRIPTOR)[1].rows]
    assert "keyboard (generic desktop)" in said
    assert "A to right GUI (keyboard); 228 values of 1 bit; 0 to 1" in said
    assert "button 1 to button 8 (button); 8 values of 1 bit; 0 to 1" in said


def test_nothing_is_said_of_nothing() -> None:
    assert words.sections(b"") == ()


@given(st.binary(max_size=300))
def test_any_bytes_can_be_shown(descriptor: bytes) -> None:
    for section in words.sections(descriptor):
        assert len(section.rows) <= words.MOST_ROWS
        assert all(text == text.strip() for _, *texts in section.rows for text in texts)
