"""Standing conditions of the runtime as banners: developer mode, root, its notes, what failed.

What was done is said in the status line, where nothing moves under the pointer when it goes.
Invariant: a banner is up exactly while its condition holds, or until the user puts a note away.
"""

from PySide6.QtCore import QObject, Slot

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.plaintext import SENTENCE, plain
from ioregui.records import moments
from ioregui.timeline import present
from ioregui.window.banners import Banners, Choice
from ioregui.window.commands import Commands
from ioregui.window.status import StatusBar
from runtime.model.records import Mode

NOTICE_MS = 7000
"""How long a notice of something done stays; one of something failed stays until put away."""


class Conditions(QObject):
    """Keeps the banners true."""

    def __init__(
        self, bridge: Bridge, commands: Commands, banners: Banners, status: StatusBar
    ) -> None:
        super().__init__(banners)
        self._bridge = bridge
        self._commands = commands
        self._banners = banners
        self._status = status
        self._put_away: set[str] = set()
        bridge.reset.connect(self._refresh)
        bridge.changed.connect(self._changed)
        bridge.travelled.connect(self._travelled)
        commands.told.connect(self._tell)
        commands.failed.connect(self._fail)

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if changes.status:
            self._refresh()

    @Slot()
    def _refresh(self) -> None:
        status = self._bridge.mirror.status
        if status is None:
            return
        self._keep(
            "developer",
            self.tr("Developer mode is on: unsigned extensions may run, once approved"),
            (
                Choice(
                    self.tr("Turn off"),
                    self._commands.developer_off,
                    self.tr("Drivers of unsigned extensions stop, and start no more"),
                ),
            ),
            wanted=status.developer,
        )
        self._keep(
            "root",
            self.tr("Started as root: the runtime and this window may do anything here"),
            (Choice(self.tr("Understood"), self._put_root_away, self._away(), escape=True),),
            wanted=status.uid == 0 and status.mode is Mode.EMBEDDED,
        )
        note = "  ·  ".join(plain(note, SENTENCE) for note in status.notes)
        choices = (Choice(self.tr("Understood"), self._put_note_away, self._away(), escape=True),)
        self._keep("note", note, choices, wanted=bool(note))

    def _away(self) -> str:
        return self.tr("Put this line away until the window is opened again")

    def _keep(self, key: str, text: str, choices: tuple[Choice, ...], *, wanted: bool) -> None:
        if wanted and f"{key}:{text}" not in self._put_away:
            self._banners.show_banner(key, text, choices)
        else:
            self._banners.hide_banner(key)

    def _put_root_away(self) -> None:
        self._hide_for_good("root")

    def _put_note_away(self) -> None:
        self._hide_for_good("note")

    def _hide_for_good(self, key: str) -> None:
        banner = self._banners.banner(key)
        if banner is not None:
            self._put_away.add(f"{key}:{banner.text}")
            self._banners.hide_banner(key)

    @Slot()
    def _travelled(self) -> None:
        """Say that what is shown is the past, and which moment of it."""
        ms = self._bridge.mirror.past_ms
        when = moments.date_and_clock(ms * 1_000_000)
        text = self.tr("The past: this is the registry as it was at {0}").format(when)
        if values_ms := self._bridge.mirror.values_ms:
            then = moments.date_and_clock(values_ms * 1_000_000)
            lean = self.tr("Of that time only what came and went is kept; values are those of {0}")
            text = f"{text}.  {lean.format(then)}"
        self._keep(
            "past",
            text,
            (Choice(present.back(self._bridge.mirror), self._commands.actions["now"].trigger),),
            wanted=bool(ms),
        )

    @Slot(str)
    def _tell(self, text: str) -> None:
        self._hide_notice()
        self._status.tell(text, NOTICE_MS)

    @Slot(str)
    def _fail(self, text: str) -> None:
        self._status.clearMessage()
        close = Choice(self.tr("Close"), self._hide_notice, escape=True)
        self._banners.show_banner("notice", text, (close,))

    @Slot()
    def _hide_notice(self) -> None:
        self._banners.hide_banner("notice")
