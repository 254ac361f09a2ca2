r"""The search grammar: words that all have to hold.

    term  = field ":" value | value
    field = "class" | "driver" | "state" | "pid" | "name"
    value = characters without a blank, or a part in double quotes

A value matches anywhere in what it is compared with, case ignored; with `*` or `?` in it, it
has to match the whole. `pid:` compares the whole. A word before a colon that is no field makes
the term plain text ("pci0000:00"); plain text is looked for in name, class and driver.
Invariant: pure; any text is a query, none raises.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import translate

_TERM = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_FIELDS = frozenset({"class", "driver", "state", "pid", "name"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a query looks at of one entry."""

    name: str
    cls: str
    driver: str
    state: str
    pid: str


Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: `plain` are its words of plain text, `fields` its other terms.

    Both parts have to hold; they are apart because searched text can be kept and field terms
    need facts that change.
    """

    text: str
    plain: tuple[str, ...]
    fields: tuple[tuple[str, Test], ...]

    def matches(self, facts: Facts) -> bool:
        """Return whether every term holds."""
        hay = {0: haystack(facts.name, facts.cls, facts.driver)}
        return bool(self.find(hay)) and self.holds(facts)

    def find(self, hay: Mapping[int, str]) -> list[int]:
        """Return the keys whose searched text, made by `haystack`, has every plain word."""
        found = list(hay)
        for word in self.plain:
            if "*" in word or "?" in word:
                pattern = re.compile(translate(f"*{word}*"))
                found = [key for key in found if pattern.match(hay[key])]
            else:
                found = [key for key in found if word in hay[key]]
        return found

    def holds(self, facts: Facts) -> bool:
        """Return whether every term with a field holds."""
        return all(test(str(getattr(facts, field)).casefold()) for field, test in self.fields)


def haystack(name: str, cls: str, driver: str) -> str:
    """Return the text that plain words are looked for in."""
    return f"{name}\n{cls}\n{driver}".casefold()


def parse(text: str) -> Query | None:
    """Return the query that a text stands for, None when it asks for nothing."""
    plain: list[str] = []
    fields: list[tuple[str, Test]] = []
    for term in _TERM.findall(text):
        field, colon, value = term.partition(":")
        if colon and field.casefold() in _FIELDS:
            wanted = value.replace('"', "").casefold()
            if wanted:
                fields.append(_field_test(field.casefold(), wanted))
        elif term.strip('"'):
            plain.append(term.replace('"', "").casefold())
    if not plain and not fields:
        return None
    return Query(text, tuple(plain), tuple(fields))


def _field_test(field: str, wanted: str) -> tuple[str, Test]:
    attribute = "cls" if field == "class" else field
    if "*" in wanted or "?" in wanted:
        pattern = re.compile(translate(wanted))
        return attribute, lambda found: pattern.match(found) is not None
    if field == "pid":
        return attribute, wanted.__eq__
    return attribute, lambda found: wanted in found
