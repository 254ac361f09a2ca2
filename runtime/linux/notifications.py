"""One notification of the desktop: shown, answered or closed, taken back.

Source: Desktop Notifications Specification 1.2, org.freedesktop.Notifications.
Invariant: text is shown as text, whatever the desktop would read as markup.
"""

import asyncio
import html
from collections.abc import Mapping
from typing import Any

import msgspec
from dbus_fast import Message, Variant

from runtime.linux.bus import Bus, BusError
from runtime.model.errors import UnavailableError

_SERVICE = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_SIGNALS = f"type='signal',interface='{_SERVICE}',path='{_PATH}'"
_BY_ITSELF = "default"  # the action of a click on the notification itself
_NEVER = 0  # milliseconds until it goes by itself


class Answer(msgspec.Struct, frozen=True):
    """What became of it: the action that was chosen, empty where it was only closed.

    `token` lets a program raise its window on a Wayland desktop; empty where there is none.
    """

    action: str
    token: str = ""


class Notification:
    """One notification; `bus` is the desktop's."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._id = 0
        self._token = ""
        self._first = ""
        self._heard: asyncio.Queue[Message] = asyncio.Queue()

    async def show(
        self, app: str, desktop_file: str, summary: str, body: str, actions: Mapping[str, str]
    ) -> None:
        """Show it until it is answered or closed; the first of `actions` is a click's, too.

        Args:
            app: Name of the program.
            desktop_file: Name of its desktop file; also its icon's.
            summary: The title.
            body: The text.
            actions: Labels of what can be chosen, by their keys.

        Raises:
            UnavailableError: The desktop shows none.
        """
        self._first = next(iter(actions))
        try:
            await self._bus.listen(_SIGNALS, self._heard.put_nowait)
            (able,) = await self._call("GetCapabilities")
            text = html.escape(body, quote=False) if "body-markup" in able else body
            named = [(_BY_ITSELF, actions[self._first]), *actions.items()]
            pairs = [part for pair in named for part in pair] if "actions" in able else []
            hints = {"desktop-entry": Variant("s", desktop_file)}
            what = (app, 0, desktop_file, summary, text, pairs, hints, _NEVER)
            (self._id,) = await self._call("Notify", "susssasa{sv}i", *what)
        except BusError as error:
            raise UnavailableError(
                f"notification: expected the desktop to show it, found: {error}"
            ) from None

    async def answer(self) -> Answer:
        """Wait until the user chose an action or it was closed."""
        while True:
            message = await self._heard.get()
            match message.member, message.body:
                case "ActivationToken", [self._id, str(token)]:
                    self._token = token
                case "ActionInvoked", [self._id, str(action)]:
                    chosen = self._first if action == _BY_ITSELF else action
                    return Answer(chosen, self._token)
                case "NotificationClosed", [self._id, _]:
                    return Answer("")

    async def close(self) -> None:
        """Take back what `show` has shown; nothing happens where it is gone."""
        try:
            await self._call("CloseNotification", "u", self._id)
        except (BusError, UnavailableError):
            return

    async def _call(self, member: str, signature: str = "", *body: object) -> list[Any]:
        return await self._bus.call(_SERVICE, _PATH, f"{_SERVICE}.{member}", signature, body)
