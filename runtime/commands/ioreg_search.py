"""`ioreg --find`: the search grammar of the window, on the command line.

Invariant: what is found here is what the window finds in the same registry.
"""

from collections.abc import Callable, Iterable, Mapping

from runtime.commands.ioreg_source import Source
from runtime.interchange.planes import project
from runtime.interchange.registry_file import plain
from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Kind, State
from runtime.model.errors import BreachError, UnavailableError
from runtime.model.records import Driver
from runtime.model.words import device_word, process_word
from runtime.query.search import Facts, Query, SearchError, haystack, parse


def query_of(text: str) -> Query:
    """The query that a text stands for.

    Raises:
        UnavailableError: It is none; the sentence says where.
    """
    try:
        query = parse(text)
    except SearchError as error:
        raise UnavailableError(
            f"search {text!r}: {error}, at character {error.start + 1}"
        ) from error
    if query is None:
        raise UnavailableError(f"search {text!r}: expected a term, found none")
    return query


def found(text: str, source: Source, plane: str) -> frozenset[int]:
    """The ids of a plane's entries that a search finds.

    Raises:
        UnavailableError: The text is no search.
    """
    query = query_of(text)
    entries: dict[int, Entry] = {}
    for entry in project(source.entries, plane):
        entries.setdefault(entry.id, entry)
    hay = {key: haystack(e.title, e.cls, e.driver) for key, e in entries.items()}
    return frozenset(
        query.find(
            hay,
            lambda key: facts(entries[key], lambda: path_of(entries, entries[key]), source.drivers),
        )
    )


def facts(entry: Entry, path: Callable[[], str], drivers: Iterable[Driver] = ()) -> Facts:
    """What a search looks at."""
    try:
        props = plain(entry).props
    except BreachError:  # values that no form can hold: nothing is found in them
        props = properties.NONE
    state = _state_word(entry, drivers)
    process = process_word(entry)
    return Facts(entry.title, entry.cls, entry.driver, state, process, entry.id, props, path)


def path_of(entries: Mapping[int, Entry], entry: Entry) -> str:
    """The path of an entry in the plane that these entries make."""
    steps: list[str] = []
    at: Entry | None = entry
    while at is not None and at.parent in entries and len(steps) < len(entries):
        steps.append(at.title.replace("/", "!"))
        at = entries.get(at.parent)
    return ":/" + "/".join(reversed(steps))


def _state_word(entry: Entry, drivers: Iterable[Driver]) -> str:
    if entry.kind == Kind.DEVICE or entry.state & State.INACTIVE:
        return device_word(entry)
    if entry.kind == Kind.KERNEL_DRIVER:
        return DriverState.RUNNING.value
    for driver in drivers if entry.kind in {Kind.DRIVER, Kind.SERVER} else ():
        if driver.service == entry.id or (entry.pid and driver.pid == entry.pid):
            return driver.state.value
    return ""
