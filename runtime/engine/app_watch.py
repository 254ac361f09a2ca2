"""Notices that an app was moved to the trash, elsewhere or deleted: its extensions go with it.

The folders of the apps are watched, and all apps are looked for at the start. An app that is
exchanged is away for a moment, so a look comes some time after something left. A folder that is
not there at all (a disk that is not mounted) says nothing about its apps.
Runs in the event loop; files are looked at in workers.
Source: Apple, WWDC 2019 session 702: an app in the Trash takes its extensions with it.
Invariant: an extension stays as long as one app that asked for it is there.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from runtime.linux.inotify import Departures
from runtime.model.errors import InspectorError
from runtime.model.identity import BundleId

GRACE_SECONDS = 2.0  # in which an app that is being exchanged comes back

Apps = Mapping[BundleId, frozenset[str]]
"""The paths of the apps that asked for each extension."""


class AppWatch:
    """Watches apps once started.

    Args:
        apps: The apps of all extensions.
        missing: Which of some paths have no app any more; a worker looks.
        removed: Removes an extension whose apps are all gone.
        say: Told one sentence when nothing could be looked at.
    """

    def __init__(
        self,
        apps: Callable[[], Apps],
        missing: Callable[[Sequence[str]], Awaitable[frozenset[str]]],
        removed: Callable[[BundleId], Awaitable[None]],
        say: Callable[[str], None],
    ) -> None:
        self._apps = apps
        self._missing = missing
        self._removed = removed
        self._say = say
        self._departures: Departures | None = None
        self._followed: set[Path] = set()
        self._look: asyncio.Task[None] | None = None
        self._left = False  # something has, since the last look began

    async def start(self) -> None:
        """Look for every app, and watch from now on."""
        try:
            self._departures = Departures()
        except OSError as error:
            self._say(f"apps cannot be watched: {error}")
        else:
            loop = asyncio.get_running_loop()
            loop.add_reader(self._departures.fileno(), self._departed)
        self.follow()
        await self._look_for_all()

    def close(self) -> None:
        """Watch no more; idempotent."""
        if self._look is not None:
            self._look.cancel()
        if self._departures is not None:
            asyncio.get_running_loop().remove_reader(self._departures.fileno())
            self._departures.close()
            self._departures = None

    def follow(self) -> None:
        """Watch the folders of all apps that there are now."""
        if self._departures is None:
            return
        folders = {Path(path).parent for paths in self._apps().values() for path in paths}
        for folder in folders - self._followed:
            with contextlib.suppress(OSError):  # what is not there is looked for at each start
                self._departures.follow(folder)
                self._followed.add(folder)

    def _departed(self) -> None:
        assert self._departures is not None
        names = self._departures.take()
        if "" in names:  # a folder itself: the same path may be another one by now
            self._followed.clear()
        if not any(name == "" or name.endswith(".app") for name in names):
            return
        self._left = True
        if self._look is None or self._look.done():
            self._look = asyncio.get_running_loop().create_task(self._look_later())

    async def _look_later(self) -> None:
        while self._left:
            await asyncio.sleep(GRACE_SECONDS)
            self._left = False
            self.follow()
            await self._look_for_all()

    async def _look_for_all(self) -> None:
        apps = self._apps()
        paths = sorted({path for paths in apps.values() for path in paths})
        if not paths:
            return
        try:
            missing = await self._missing(paths)
            for bundle_id, known in apps.items():
                if known and known <= missing:
                    await self._removed(bundle_id)
        except InspectorError as error:
            self._say(f"apps could not be looked for: {error}")
