"""What a simulated device keeps of those who were at it."""

import weakref

from runtime.families.simulated import models


def test_a_device_forgets_the_pipes_of_who_has_gone() -> None:
    device = models.sample()
    for endpoint in device.interface(0).endpoints:
        pipe = device.pipe(endpoint)
        known = weakref.ref(pipe)
        assert known() is pipe
        del pipe
        assert known() is None
