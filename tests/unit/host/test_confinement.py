"""A sandbox in words says what was applied, and never that something is stopped by nothing."""

from itertools import combinations

from runtime.host.confinement import DENIALS, GRANTS, Layer, told

ABI = 7


def test_all_layers_deny_everything() -> None:
    found = told(["one"], list(Layer), ABI, "64 open files")
    assert found.applied == ("one",)
    assert found.may == (*GRANTS, "use 64 open files")
    assert len(found.may_not) == len(DENIALS)
    assert "reach the network (empty network namespace, Landlock, seccomp)" in found.may_not


def test_what_no_layer_stops_is_told_as_allowed() -> None:
    found = told([], [Layer.PID], 0, "")
    assert "signal other processes (PID namespace)" in found.may_not
    assert "reach the network: nothing on this machine stops it" in found.may


def test_a_landlock_that_is_too_old_stops_less() -> None:
    found = told([], [Layer.LANDLOCK], 2, "")
    assert "run programs (Landlock)" in found.may_not
    assert "signal other processes: nothing on this machine stops it" in found.may


def test_every_denial_is_told_exactly_once_whatever_holds() -> None:
    for count in range(len(Layer) + 1):
        for layers in combinations(Layer, count):
            found = told([], layers, ABI, "")
            assert len(found.may) - len(GRANTS) - 1 + len(found.may_not) == len(DENIALS)
