r"""The search grammar of the window and of the commands.

    query = all { "or" all }                       one of them has to hold
    all   = [ "-" ] term { [ "-" ] term }          every term has to hold; "-": must not
    term  = field ":" value | "prop." key [ "=" value ] | value
    field = "class" | "driver" | "state" | "name" | "pid" | "vid" | "id" | "under"
    value = characters without a blank, or a part in double quotes

A value matches anywhere in what it is compared with, case ignored; with `*` or `?` in it, it
has to match the whole. `pid:` (process), `id:` and properties compare the whole; a property
with several values holds with any of them, and without `=` it only has to be there. `vid:` is
a USB or PCI vendor in hexadecimal, `vid:046d:c31c` vendor and product. `under:` is a path and
everything below it. A word before a colon that is no field makes the term plain text
("pci0000:00"); plain text is looked for in name, class and driver.
Invariant: pure; a text is a query, nothing, or a `SearchError` that says where it is wrong.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import translate

import msgspec

from runtime.model import properties
from runtime.model.errors import InspectorError
from runtime.model.numbers import number
from runtime.query import property_terms
from runtime.query.property_terms import has_wildcards

_TERM = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_PATH = "under"
_FIELDS = frozenset({"class", "driver", "state", "pid", "name", "vid", "id", _PATH})
_PROPERTY = "prop."


class SearchError(InspectorError):
    """A text that is no query; `start` and `end` are where it is wrong, in characters."""

    def __init__(self, text: str, start: int, end: int) -> None:
        super().__init__(text)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Facts:
    """What a query looks at of one entry; `path_of` makes the path when it is asked for."""

    name: str
    cls: str
    driver: str
    state: str
    pid: str
    id: int = 0
    props: msgspec.Raw = field(default_factory=lambda: properties.NONE)
    path_of: Callable[[], str] = str


Test = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Clause:
    """Terms that all have to hold: plain words in the searched text, words not in it, tests.

    They are apart because searched text can be kept and tests need facts that change.
    """

    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()

    def find(self, hay: Mapping[int, str]) -> list[int]:
        """Return the keys whose searched text has every word and none that must not be."""
        found = list(hay)
        for word in self.words:
            found = _sift(found, hay, word, wanted=True)
        for word in self.without:
            found = _sift(found, hay, word, wanted=False)
        return found

    def holds(self, facts: Facts) -> bool:
        """Return whether every test holds."""
        return all(test(facts) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: one of its clauses has to hold."""

    text: str
    clauses: tuple[Clause, ...]

    def matches(self, facts: Facts) -> bool:
        """Return whether the query finds an entry."""
        hay = {0: haystack(facts.name, facts.cls, facts.driver)}
        return bool(self.find(hay, lambda _key: facts))

    def find(self, hay: Mapping[int, str], facts_of: Callable[[int], Facts]) -> Iterable[int]:
        """Return the keys that are found.

        Args:
            hay: The searched text of every key, made by `haystack`.
            facts_of: Called only for keys whose text is not enough to decide.
        """
        found: dict[int, None] = {}
        for clause in self.clauses:
            keys = clause.find(hay)
            if clause.tests:
                keys = [key for key in keys if key not in found and clause.holds(facts_of(key))]
            found.update(dict.fromkeys(keys))
        return found.keys()


def haystack(name: str, cls: str, driver: str) -> str:
    """Return the text that plain words are looked for in."""
    return f"{name}\n{cls}\n{driver}".casefold()


def parse(text: str) -> Query | None:
    """Return the query that a text stands for, None when it asks for nothing.

    Raises:
        SearchError: It is no query.
    """
    clauses: list[Clause] = []
    clause = Clause()
    alternative: re.Match[str] | None = None  # an "or" that nothing has followed yet
    for found in _TERM.finditer(text):
        if found.group().casefold() != "or":
            clause = _add(clause, found.group(), found.start())
            alternative = None
        elif clause == Clause():
            raise SearchError("expected a term before “or”", *found.span())
        else:
            clauses.append(clause)
            clause, alternative = Clause(), found
    if alternative is not None:
        raise SearchError("expected a term after “or”", *alternative.span())
    if clause != Clause():
        clauses.append(clause)
    return Query(text, tuple(clauses)) if clauses else None


def _add(clause: Clause, term: str, start: int) -> Clause:
    """The clause with one term more, which begins at `start` of the text."""
    end = start + len(term)
    if term.count('"') % 2:
        raise SearchError("expected a closing quote", start + term.rindex('"'), end)
    if term == "-":
        raise SearchError("expected a term after “-”", start, end)
    negated = term.startswith("-")
    test = _test(term[negated:], start + negated)
    word = _bare(term[negated:])
    if test is not None:
        return replace(clause, tests=(*clause.tests, _not(test) if negated else test))
    if not word:
        return clause
    if negated:
        return replace(clause, without=(*clause.without, word))
    return replace(clause, words=(*clause.words, word))


def _sift(keys: list[int], hay: Mapping[int, str], word: str, *, wanted: bool) -> list[int]:
    """Keys whose text has a word, or has it not; plain loops, as there may be 100,000."""
    if has_wildcards(word):
        pattern = re.compile(translate(f"*{word}*"))
        return [key for key in keys if (pattern.match(hay[key]) is not None) is wanted]
    if wanted:
        return [key for key in keys if word in hay[key]]
    return [key for key in keys if word not in hay[key]]


def _bare(text: str) -> str:
    return text.replace('"', "").casefold()


def _not(test: Test) -> Test:
    return lambda facts: not test(facts)


def _test(term: str, start: int) -> Test | None:
    """The test that a term with a field stands for, None for plain text."""
    end = start + len(term)
    if term.casefold().startswith(_PROPERTY):
        key, equals, value = term[len(_PROPERTY) :].partition("=")
        if not _bare(key):
            raise SearchError("expected a property's name after “prop.”", start, end)
        if equals and not _bare(value):
            raise SearchError("expected a value after “=”", start, end)
        wanted = property_terms.wanted(key.replace('"', ""), _bare(value) if equals else None)
        return lambda facts: wanted(facts.props)
    name, colon, value = term.partition(":")
    known = name.casefold()
    if not colon or known not in _FIELDS:
        return None
    bare = _bare(value)
    if not bare:
        raise SearchError(f"expected a value after “{name}:”", start, end)
    try:
        return _field_test(known, bare)
    except ValueError as error:
        raise SearchError(str(error), start + len(name) + 1, end) from error


def _field_test(known: str, wanted: str) -> Test:
    """The test of one field; ValueError with one sentence where the value cannot be one."""
    match known:
        case "vid":
            vendor = property_terms.vendor(wanted)
            return lambda facts: vendor(facts.props)
        case "id":
            entry_id = number(wanted)
            if entry_id is None:
                raise ValueError(f"expected a number, found “{wanted}”")
            return lambda facts: facts.id == entry_id
        case "under":
            return _under(wanted)
        case "pid" if not has_wildcards(wanted):
            if not (wanted.isdecimal() or wanted == "kernel"):
                raise ValueError(f"expected a process id or “kernel”, found “{wanted}”")
            return lambda facts: facts.pid == wanted
    attribute = "cls" if known == "class" else known
    if has_wildcards(wanted):
        pattern = re.compile(translate(wanted))
        return lambda facts: pattern.match(getattr(facts, attribute).casefold()) is not None
    return lambda facts: wanted in getattr(facts, attribute).casefold()


def _under(wanted: str) -> Test:
    """Whether a path is the wanted one or below it; the plane may be left out."""
    steps = re.sub("^[a-z]+:/", "", wanted).strip("/")
    if not steps:
        return lambda _facts: True
    if has_wildcards(steps):
        pattern = re.compile(f"{translate(steps)[:-2]}(/.*)?\\Z", re.DOTALL)
        return lambda facts: pattern.match(_steps(facts)) is not None
    below = f"{steps}/"
    return lambda facts: f"{_steps(facts)}/".startswith(below)


def _steps(facts: Facts) -> str:
    return facts.path_of().partition(":/")[2].casefold()
