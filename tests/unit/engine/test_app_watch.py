"""Apps that go take their extensions with them; what is exchanged or not mounted stays."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from runtime.engine import app_watch
from runtime.engine.app_watch import AppWatch
from runtime.extensions import location
from runtime.model.identity import BundleId

ONE, TWO = BundleId("com.example.one"), BundleId("com.example.two")


class Watched:
    """A watch over apps in a folder, and what it removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.apps: dict[BundleId, frozenset[str]] = {}
        self.removed: asyncio.Queue[BundleId] = asyncio.Queue()
        self.said: list[str] = []
        self.looked = asyncio.Event()
        self.after_a_look: Callable[[], None] = lambda: None  # before what it saw is told
        self.watch = AppWatch(
            lambda: dict(self.apps), self._missing, self._remove, self.said.append
        )

    def app(self, name: str) -> Path:
        path = self.folder / f"{name}.app"
        (path / "Contents").mkdir(parents=True)
        return path

    async def _missing(self, paths: Sequence[str]) -> frozenset[str]:
        self.looked.set()
        missing = frozenset(location.missing(paths))
        self.after_a_look()
        await asyncio.sleep(0.05)  # so long that it is heard what went meanwhile
        return missing

    async def _remove(self, bundle_id: BundleId) -> None:
        self.apps.pop(bundle_id)
        await self.removed.put(bundle_id)


def run(tmp_path: Path, body: Callable[[Watched], Awaitable[None]]) -> Watched:
    async def main() -> Watched:
        watched = Watched(tmp_path / "Applications")
        try:
            await asyncio.wait_for(body(watched), 20)
        finally:
            watched.watch.close()
        return watched

    return asyncio.run(main())


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_watch, "GRACE_SECONDS", 0.05)


@pytest.mark.parametrize("how", ["deleted", "moved to the trash"])
def test_an_app_that_goes_takes_its_extension_with_it(tmp_path: Path, how: str) -> None:
    async def body(watched: Watched) -> None:
        one, two = watched.app("One"), watched.app("Two")
        watched.apps = {ONE: frozenset({str(one)}), TWO: frozenset({str(two)})}
        await watched.watch.start()
        assert watched.removed.empty()
        if how == "deleted":
            shutil.rmtree(one)
        else:
            one.rename(tmp_path / "One.app")
        assert await watched.removed.get() == ONE
        assert list(watched.apps) == [TWO]

    assert run(tmp_path, body).said == []


def test_what_went_while_nobody_looked_is_found_at_the_start(tmp_path: Path) -> None:
    async def body(watched: Watched) -> None:
        shutil.rmtree(watched.app("One"))
        watched.apps = {ONE: frozenset({str(watched.folder / "One.app")})}
        await watched.watch.start()
        assert await watched.removed.get() == ONE

    run(tmp_path, body)


def test_a_folder_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    async def body(watched: Watched) -> None:
        watched.apps = {ONE: frozenset({"/nowhere/at/all/One.app"})}
        await watched.watch.start()
        assert watched.looked.is_set()

    assert run(tmp_path, body).removed.empty()


def test_an_app_that_is_exchanged_or_has_a_copy_stays(tmp_path: Path) -> None:
    async def body(watched: Watched) -> None:
        one, copy, third = watched.app("One"), watched.app("Copy"), watched.app("Third")
        watched.apps = {
            ONE: frozenset({str(one), str(copy)}),
            TWO: frozenset({str(third)}),
        }
        await watched.watch.start()
        shutil.rmtree(copy)
        third.rename(tmp_path / "old")
        watched.app("Third")
        watched.looked.clear()
        await watched.looked.wait()

    assert run(tmp_path, body).removed.empty()


def test_what_goes_during_a_look_is_looked_for_again(tmp_path: Path) -> None:
    async def body(watched: Watched) -> None:
        one, two = watched.app("One"), watched.app("Two")
        watched.apps = {ONE: frozenset({str(one)}), TWO: frozenset({str(two)})}
        await watched.watch.start()
        watched.after_a_look = lambda: shutil.rmtree(two, ignore_errors=True)
        shutil.rmtree(one)
        assert [await watched.removed.get(), await watched.removed.get()] == [ONE, TWO]

    run(tmp_path, body)
