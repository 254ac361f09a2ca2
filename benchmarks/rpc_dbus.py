"""dbus-fast's call of two numbers, through the bus: `python -m benchmarks.rpc_dbus CALLS`.

With ``serve`` instead of a number it is the service. Prints microseconds a call for each line.
Invariant: ends with its standard input.
"""

import asyncio
import contextlib
import subprocess
import sys
import time

from dbus_fast import Message
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, method

NAME, PATH = "com.example.Benchmark", "/com/example/Benchmark"


class Adder(ServiceInterface):
    """One method: the sum of two numbers."""

    @method()
    def Add(self, one: "t", other: "t") -> "t":  # type: ignore[name-defined]  # noqa: F821, N802
        """The method."""
        return one + other


async def serve() -> None:
    """Be the service until the bus ends."""
    bus = await MessageBus().connect()
    bus.export(PATH, Adder(NAME))
    await bus.request_name(NAME)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def measure(calls: int) -> None:
    """Call it as often as asked."""
    bus = await MessageBus().connect()
    call = Message(
        destination=NAME, path=PATH, interface=NAME, member="Add", signature="tt", body=[1, 2]
    )
    while await asyncio.to_thread(sys.stdin.readline):
        began = time.perf_counter()
        for _ in range(calls):
            call.serial = 0
            answer = await bus.call(call)
            assert answer is not None
            assert answer.body == [3]
        sys.stdout.write(f"{(time.perf_counter() - began) / calls * 1e6}\n")
        sys.stdout.flush()
    bus.disconnect()


def main() -> None:
    """Serve or measure."""
    if sys.argv[1] == "serve":
        with contextlib.suppress(EOFError, ConnectionError):
            asyncio.run(serve())
        return
    command = [sys.executable, "-m", "benchmarks.rpc_dbus", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        service.stdout.readline()
        asyncio.run(measure(int(sys.argv[1])))
        service.terminate()


if __name__ == "__main__":
    main()
