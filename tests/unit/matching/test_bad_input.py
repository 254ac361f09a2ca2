"""What nobody should write: wrong types, huge catalogues, deep nesting; a verdict, no error."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.matching import Catalogue, Provider, aliases, match
from runtime.matching.lint import KNOWN, lint
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import MatchStage
from runtime.model.personality import Personality
from runtime.model.properties import Properties

_VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(1 << 63), (1 << 64) - 1),
        st.text(max_size=5),
        st.binary(max_size=4),
        st.sampled_from(["*", "$(VAR)", "${VAR}", "@VAR@", "0x", "0x1&", "IOUSBHostDevice"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
_TABLES = st.dictionaries(st.sampled_from(sorted(KNOWN)), _VALUES, max_size=8)
_CLASSES = st.sampled_from(
    ["IOUSBHostDevice", "IOUSBHostInterface", "IOHIDDevice", "IOPCIDevice", "IOMedia", "IOService"]
)


def catalogue(*tables: Properties) -> Catalogue:
    made = Catalogue()
    for number, table in enumerate(tables):
        provider_class = table.get("IOProviderClass")
        cls = provider_class if isinstance(provider_class, str) else "IOService"
        one = Personality(f"p{number}", f"com.example.p{number}", cls, "P", table)
        made.add(BundleId(one.bundle_id), [one])
    return made


@given(st.lists(_TABLES, max_size=3), _CLASSES, _TABLES)
def test_any_values_have_a_verdict(tables: list[Properties], cls: str, has: Properties) -> None:
    held = catalogue(*({**table, "IOProviderClass": cls} for table in tables))
    above = Provider(EntryId(1), "Above", ("IOService",), has)
    provider = Provider(EntryId(2), "P", (cls, "IOService"), has, ancestors=(above,))
    whole, narrow = match(provider, held), match(provider, held, narrow=True)
    assert len(whole.trace) == len(tables)
    assert narrow.candidates == whole.candidates


@given(_TABLES, _CLASSES, st.booleans())
def test_lint_judges_any_values(table: Properties, cls: str, dext: bool) -> None:
    for each in lint({"P": {**table, "IOProviderClass": cls}}, "com.example", dext=dext):
        assert each.text
        assert "\n" not in each.text


@given(st.text(max_size=60))
def test_any_text_as_alias_and_as_device(text: str) -> None:
    index = aliases.build(f"alias {text} module\nalias usb:{text} other\n")
    index.look_up(text)
    index.winner(f"usb:{text}")


def test_a_hundred_thousand_personalities() -> None:
    tables: list[Properties] = [
        {
            "IOProviderClass": "IOUSBHostDevice",
            "idVendor": number >> 8,
            "idProduct": number & 0xFF,
        }
        for number in range(100_000)
    ]
    held = catalogue(*tables)
    provider = Provider(
        EntryId(1), "D", ("IOUSBHostDevice", "IOService"), {"idVendor": 300, "idProduct": 7}
    )
    ranking = match(provider, held, narrow=True)
    (winner,) = ranking.winners.values()
    assert winner.personality.name == f"p{300 << 8 | 7}"
    assert [told.personality for told in ranking.trace] == [winner.personality.name]  # by the index


@given(st.sampled_from(["IOUSBHostDevice", "IOMedia", "IOService"]), _TABLES, _TABLES)
def test_parents_of_any_kind_have_a_verdict(
    cls: str, table: Properties, parent: Properties
) -> None:
    above = tuple(Provider(EntryId(9 - n), "A", (cls, "IOService"), table) for n in range(4))
    provider = Provider(EntryId(10), "P", ("IOService",), {}, ancestors=above)
    (told,) = match(provider, catalogue({"IOParentMatch": parent})).trace
    assert told.key.startswith("IOParentMatch") == (told.stage is MatchStage.PROPERTIES)
    assert "\n" not in told.wanted + told.found


def test_nesting_as_deep_as_a_list_can_be_takes_a_step_for_each_ancestor() -> None:
    nested: Properties = {}
    for _ in range(5000):
        nested = {"IOParentMatch": nested}
    above = tuple(Provider(EntryId(n + 2), "A", ("IOService",), {}) for n in range(4000))
    provider = Provider(EntryId(1), "P", ("IOService",), {}, ancestors=above)
    (told,) = match(provider, catalogue(nested)).trace
    assert told.stage is MatchStage.PROPERTIES
    assert told.found == "no ancestor"
