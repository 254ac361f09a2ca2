"""How columns share a table's width."""

from hypothesis import given
from hypothesis import strategies as st

from ioregui.records.fit import Wish, share

NAME = Wish(300, 200, grows=True)
STATE = Wish(100, 90)
DRIVER = Wish(180, 80)
PID = Wish(60, 60, optional=True)


def test_what_is_left_over_goes_to_the_column_that_grows() -> None:
    assert share(1000, [NAME, STATE, DRIVER, PID]) == [660, 100, 180, 60]


def test_the_optional_column_goes_before_others_shrink() -> None:
    assert share(600, [NAME, STATE, DRIVER, PID]) == [320, 100, 180, 0]


def test_then_all_shrink_towards_what_they_can_be_read_at() -> None:
    assert share(475, [NAME, STATE, DRIVER, PID]) == [250, 95, 130, 0]


def test_nothing_is_narrower_than_it_can_be_read_at() -> None:
    assert share(10, [NAME, STATE, DRIVER, PID]) == [200, 90, 80, 0]


def test_without_a_column_that_grows_the_last_one_does() -> None:
    assert share(400, [STATE, DRIVER]) == [100, 300]


wishes = st.builds(
    lambda least, more, grows, optional: Wish(least + more, least, grows, optional),
    st.integers(1, 400),
    st.integers(0, 400),
    st.booleans(),
    st.booleans(),
)


@given(st.integers(0, 4000), st.lists(wishes, min_size=1, max_size=8))
def test_fits_wherever_it_can(room: int, wanted: list[Wish]) -> None:
    must = Wish(50, 50)
    widths = share(room, [must, *wanted])
    shown = [(width, wish) for width, wish in zip(widths, [must, *wanted], strict=True) if width]
    assert all(width >= wish.least for width, wish in shown)
    if sum(wish.least for _, wish in shown) <= room:
        assert sum(widths) <= room
        assert room - sum(widths) < len(widths)  # rounding alone is left over
    else:
        assert not any(wish.optional for _, wish in shown)
