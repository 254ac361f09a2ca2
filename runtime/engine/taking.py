"""Whether a driver may take a device now: what the machine would miss is asked for first.

Once a driver has such a device, nothing below it in sysfs says so any more: it is remembered until
the kernel has the device again.
Runs in the event loop.
Invariant: no driver gets a device that the machine would miss unless somebody said yes to that.
"""

from collections.abc import Callable

import msgspec

from runtime.extensions.takeovers import Answer, Takeovers
from runtime.linux import essential
from runtime.linux.essential import Essentials
from runtime.model.errors import UnavailableError
from runtime.model.identity import BundleId, ContentHash, EntryId
from runtime.model.records import DeviceHit


class Taking:
    """Devices before they are taken.

    Args:
        syspath: An entry's in sysfs, empty for none.
        note: Gets a sentence when nobody can be asked.
        read: How the machine is now.
    """

    def __init__(
        self,
        syspath: Callable[[EntryId], str],
        note: Callable[[str], None],
        read: Callable[[], Essentials] = essential.read,
    ) -> None:
        self._syspath = syspath
        self._note = note
        self._read = read
        self._takeovers: Takeovers | None = None
        self._taken: dict[EntryId, str] = {}  # what the machine lost with each, in words

    def use(self, takeovers: Takeovers) -> None:
        """Where answers are and questions go; called once."""
        self._takeovers = takeovers

    def warnings(self) -> Callable[[EntryId], str]:
        """Tell what the machine would lose with an entry now, in words; empty: nothing."""
        essentials = self._read()

        def warning(entry: EntryId) -> str:
            syspath = self._syspath(entry)
            return essential.warning(syspath, essentials) if syspath else ""

        return warning

    def answer(self, bundle_id: BundleId, content_hash: ContentHash, device: DeviceHit) -> Answer:
        """Whether a driver of an extension may have a device; its `warning` is looked up here."""
        assert self._takeovers is not None
        syspath = self._syspath(device.entry)
        if not syspath:
            return Answer.GRANTED
        essentials = self._read()
        lost = essential.warning(syspath, essentials)
        if not lost and not essential.is_below(syspath, essentials):
            lost = self._taken.get(device.entry, "")
        try:
            if not lost:
                self._taken.pop(device.entry, None)
                self._takeovers.needless(bundle_id, device.path)
                return Answer.GRANTED
            asked = msgspec.structs.replace(device, warning=lost)
            answer = self._takeovers.ask(bundle_id, content_hash, asked)
        except UnavailableError as error:
            self._note(f"{device.title}: {error}")
            return Answer.WAITING if lost else Answer.GRANTED
        if answer is Answer.GRANTED:
            self._taken[device.entry] = lost
        return answer

    def forget(self, provider: EntryId) -> None:
        """A provider is gone."""
        self._taken.pop(provider, None)
