"""A description of a driver without a runtime around it, for a supervisor or a launcher.

Invariant: nothing in it is of a device; the session is the caller's.
"""

from collections.abc import Callable

from runtime.model import properties
from runtime.model.identity import BundleId, ContentHash, EntryId
from runtime.model.outcome import Decision
from runtime.supervisor.ports import DriverSpec, ProviderSession, SessionEnd


def describe(
    name: str,
    executable: str,
    bundle: int,
    number: int,
    open_session: Callable[[SessionEnd], ProviderSession],
) -> DriverSpec:
    """Describe a driver.

    Args:
        name: Its class.
        executable: The module of the bundle that has it.
        bundle: Descriptor of the sealed bundle, the caller's.
        number: Tells it from others.
        open_session: Gives a process its device.
    """
    return DriverSpec(
        name=name,
        bundle_id=BundleId("com.example.benchmark"),
        content_hash=ContentHash("0" * 64),
        personality=executable,
        category="IODefaultMatchCategory",
        executable=executable,
        server_name="com.example.benchmark",
        provider=EntryId(number),
        provider_path=f"IOService:/Benchmark/{number}",
        provider_class="IOUSBHostInterface",
        provider_name="Interface 0",
        properties=properties.encode({}),
        provider_properties=properties.encode({}),
        bundle=bundle,
        dumpable=False,
        shared=False,
        direct=False,
        open_session=open_session,
        entitled=lambda: Decision(allowed=True),
    )
