"""The commands that plug simulated and recorded devices in and out.

Runs in the event loop; files are read by a worker.
Invariant: an unplugged device's drivers have ended before its entries go.
"""

from runtime.engine.binding import Binding
from runtime.engine.simulation import Simulation, Unplugged
from runtime.engine.workers import Workers
from runtime.model.entry import State
from runtime.model.identity import EntryId
from runtime.model.intent import Intent
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Brokers
from runtime.supervisor.supervisor import Supervisor
from runtime.wire.commands.devices import Plug, Plugged, PlugRecorded, Unplug, UnplugEntry


class Plugging:
    """Carries out every command of `runtime.wire.commands.devices`."""

    def __init__(  # noqa: PLR0917 - a device that goes concerns all of these
        self,
        registry: Registry,
        simulation: Simulation,
        binding: Binding,
        supervisor: Supervisor,
        brokers: Brokers,
        workers: Workers,
    ) -> None:
        self._registry = registry
        self._simulation = simulation
        self._binding = binding
        self._supervisor = supervisor
        self._brokers = brokers
        self._workers = workers

    async def carry_out(
        self, command: Plug | PlugRecorded | Unplug | UnplugEntry, uid: int
    ) -> Plugged:
        """Plug or unplug; `uid` is the user who asks, whose files are read.

        Raises:
            ProblemError: There is no such device or model, no free port, or no recording.
        """
        match command:
            case Plug(model=model):
                return self._plugged(self._simulation.plug(model))
            case PlugRecorded(path=path, capture=capture):
                recording, whole = await self._workers.read_recording(path, capture, uid)
                return self._plugged(self._simulation.plug_recorded(path, recording, whole))
            case Unplug(model=model):
                return await self._unplug(self._simulation.unplug(model))
            case UnplugEntry(entry=entry):
                return await self._unplug(self._simulation.unplug_entry(entry))

    def _plugged(self, entry: EntryId) -> Plugged:
        self._binding.match_below(entry)
        return Plugged(entry, self._registry.path(entry))

    async def _unplug(self, unplugged: Unplugged) -> Plugged:
        entry, path, providers = unplugged
        for record in list(self._registry.walk(entry)):
            self._registry.update(record.id, state=int(State.INACTIVE))
        await self._brokers.unplug(entry)
        stopping = [driver for each in providers for driver in self._supervisor.of_provider(each)]
        for driver in stopping:
            driver.stop(Intent.STOP, unplugged=True)
        for driver in stopping:
            await driver.wait_over()
        for provider in providers:
            self._binding.forget(provider)
        self._simulation.remove(entry, path)
        return Plugged(entry, path)
