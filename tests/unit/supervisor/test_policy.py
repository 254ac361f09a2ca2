"""When a crashed driver comes again."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.supervisor.policy import (
    ALWAYS_AT_ONCE,
    Again,
    Quarantine,
    RestartPolicy,
    decide,
    recent,
)

MS = 1_000_000
POLICY = RestartPolicy(limit=5, window_ms=30_000, base_ms=100, cap_ms=500)


def test_at_once_then_growing_then_quarantine() -> None:
    """Crashes in quick succession: each decision in turn."""
    crashes: tuple[int, ...] = ()
    decisions = []
    for number in range(6):
        crashes = (*crashes, number * MS)
        decisions.append(decide(POLICY, crashes, crashes[-1]))
    assert decisions == [
        *(Again(0), Again(100), Again(200), Again(400), Again(500)),
        Quarantine(6),
    ]


def test_a_crash_outside_the_window_is_forgotten() -> None:
    """One crash every half minute restarts at once for ever."""
    crashes = tuple(number * 30_000 * MS for number in range(50))
    assert decide(POLICY, crashes, crashes[-1]) == Again(0)
    assert recent(POLICY, crashes, crashes[-1]) == crashes[-1:]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=40))
def test_always_at_once(times: list[int]) -> None:
    """The policy of measurements never delays and never gives up."""
    crashes = tuple(sorted(times))
    assert decide(ALWAYS_AT_ONCE, crashes, crashes[-1]) == Again(0)


@given(
    st.lists(st.integers(0, 60_000 * MS), min_size=1, max_size=12),
    st.integers(0, 6),
    st.integers(1, 1000),
    st.integers(0, 10_000),
)
def test_delays_are_bounded_and_the_limit_holds(
    times: list[int], limit: int, base: int, cap: int
) -> None:
    """Whatever happened: a delay within the cap, or quarantine exactly beyond the limit."""
    policy = RestartPolicy(limit=limit, window_ms=30_000, base_ms=base, cap_ms=cap)
    crashes = tuple(sorted(times))
    decision = decide(policy, crashes, crashes[-1])
    count = len(recent(policy, crashes, crashes[-1]))
    if isinstance(decision, Quarantine):
        assert count > limit
    else:
        assert count <= limit
        assert 0 <= decision.delay_ms <= cap
