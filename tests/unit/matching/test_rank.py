"""Ranking: order, categories, kernel drivers as competitors, the catalogue's index."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.matching import Catalogue, Provider, match
from runtime.matching.rank import best_of, explain, score
from runtime.matching.verdict import Mismatch
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import MatchStage
from runtime.model.personality import DEFAULT_CATEGORY, Personality
from runtime.model.properties import Properties

CHAIN = ("IOUSBHostInterface", "IOService", "IORegistryEntry", "OSObject")
KEYBOARD: Properties = {
    "idVendor": 0x1209,
    "idProduct": 1,
    "bcdDevice": 0x100,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
    "bInterfaceClass": 3,
    "bInterfaceSubClass": 1,
    "bInterfaceProtocol": 1,
}
PRODUCT: Properties = {
    "idVendor": 0x1209,
    "idProduct": 1,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
}
CLASS: Properties = {"bInterfaceClass": 3, "bInterfaceSubClass": 1}


def provider(**fields: object) -> Provider:
    made = Provider(EntryId(7), "Keyboard", CHAIN, KEYBOARD)
    return Provider(**{**{f: getattr(made, f) for f in made.__struct_fields__}, **fields})


def personality(
    name: str,
    keys: Properties,
    *,
    category: str = DEFAULT_CATEGORY,
    probe: int = 0,
    cls: str = "IOUSBHostInterface",
) -> Personality:
    return Personality(
        name=name,
        bundle_id=f"com.example.{name}",
        provider_class=cls,
        user_class=name,
        table={"IOProviderClass": cls, **keys},
        category=category,
        probe_score=probe,
    )


def catalogue(*personalities: Personality) -> Catalogue:
    made = Catalogue()
    for one in personalities:
        made.add(BundleId(one.bundle_id), [one])
    return made


def test_the_highest_score_wins_and_the_loser_says_to_whom() -> None:
    ranking = match(
        provider(), catalogue(personality("broad", CLASS), personality("exact", PRODUCT))
    )
    assert [candidate.personality.name for candidate in ranking.candidates] == ["exact", "broad"]
    assert ranking.winners[DEFAULT_CATEGORY].score == 90_000
    loser = ranking.trace[1]
    assert (loser.stage, loser.found) == (MatchStage.CATEGORY, "held by exact (90000)")


def test_equal_scores_are_first_come_first_served() -> None:
    ranking = match(
        provider(), catalogue(personality("first", PRODUCT), personality("second", PRODUCT))
    )
    assert ranking.winners[DEFAULT_CATEGORY].personality.name == "first"


def test_categories_have_a_winner_each() -> None:
    ranking = match(
        provider(),
        catalogue(personality("a", PRODUCT), personality("b", CLASS, category="com.example.b")),
    )
    assert set(ranking.winners) == {DEFAULT_CATEGORY, "com.example.b"}


def test_a_probe_score_is_added_and_clamped() -> None:
    modest = personality("modest", PRODUCT, probe=500)
    greedy = personality("greedy", PRODUCT, probe=50_000)
    assert score(provider(), modest) == 90_500
    assert score(provider(), greedy) == 99_000
    assert score(provider(), personality("nearly", PRODUCT, probe=9_999)) == 99_999


def test_a_higher_score_replaces_a_kernel_driver_an_equal_one_does_not() -> None:
    held = catalogue(personality("exact", PRODUCT))
    above = match(provider(kernel_driver="usbhid", kernel_score=50_000), held)
    assert above.winners[DEFAULT_CATEGORY].displaces == "usbhid"
    equal = match(provider(kernel_driver="usbhid", kernel_score=90_000), held)
    assert equal.winners == {}
    assert equal.trace[0].found == "held by usbhid (90000)"
    assert equal.next_after(frozenset(), DEFAULT_CATEGORY) is None


def test_a_hit_names_a_kernel_driver_only_if_it_would_be_replaced() -> None:
    both = [personality("broad", CLASS), personality("exact", PRODUCT)]
    hit = best_of(provider(kernel_driver="usbhid", kernel_score=60_000), both)
    assert hit is not None
    assert (hit.score, hit.displaces) == (90_000, "usbhid")
    weak = best_of(provider(kernel_driver="usbhid", kernel_score=60_000), both[:1])
    assert weak is not None
    assert (weak.score, weak.displaces) == (50_000, "")
    aside = personality("aside", PRODUCT, category="com.example.aside")
    beside = best_of(provider(kernel_driver="usbhid", kernel_score=60_000), [aside])
    assert beside is not None
    assert beside.displaces == ""
    assert best_of(provider(), [personality("other", {"idVendor": 1})]) is None


def test_a_running_driver_is_never_evicted() -> None:
    held = catalogue(personality("exact", PRODUCT))
    ranking = match(provider(), held, taken={DEFAULT_CATEGORY: "Runner"})
    assert ranking.winners == {}
    assert ranking.trace[0].found == "held by Runner"


def test_after_a_failure_the_next_of_the_category_comes() -> None:
    ranking = match(
        provider(), catalogue(personality("broad", CLASS), personality("exact", PRODUCT))
    )
    second = ranking.next_after(frozenset({("com.example.exact", "exact")}), DEFAULT_CATEGORY)
    assert second is not None
    assert second.personality.name == "broad"
    both = frozenset({("com.example.exact", "exact"), ("com.example.broad", "broad")})
    assert ranking.next_after(both, DEFAULT_CATEGORY) is None
    other = frozenset({("com.example.other", "exact")})
    assert ranking.next_after(other, DEFAULT_CATEGORY) == ranking.candidates[0]


def test_what_does_not_match_says_which_key() -> None:
    other = personality("other", {**PRODUCT, "idProduct": 2})
    (told,) = match(provider(), catalogue(other)).trace
    assert (told.stage, told.key, told.wanted, told.found) == (
        MatchStage.PROPERTIES,
        "idProduct",
        "2",
        "1",
    )
    elsewhere = explain(provider(), personality("elsewhere", {}, cls="IOPCIDevice"))
    assert elsewhere.stage is MatchStage.CLASS
    assert elsewhere.found == " : ".join(CHAIN)


def test_the_catalogue_counts_its_changes() -> None:
    made = Catalogue()
    one, two = personality("one", PRODUCT), personality("two", CLASS)
    bundle = BundleId("com.example.bundle")
    assert made.add(bundle, [one, two])
    assert not made.add(bundle, [one, two])
    assert (made.generation, len(made)) == (1, 2)
    assert made.add(bundle, [two])
    assert [personality.name for personality in made] == ["two"]
    assert made.remove(bundle)
    assert not made.remove(bundle)
    assert (made.generation, len(made)) == (3, 0)


def test_a_personality_without_a_provider_class_is_dropped() -> None:
    made = Catalogue()
    made.add(BundleId("com.example.a"), [personality("a", PRODUCT, cls="")])
    assert len(made) == 0


_KEYS = st.dictionaries(st.sampled_from(list(KEYBOARD)), st.sampled_from([0, 1, 3, 0x1209]))
_PERSONALITIES = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([PRODUCT, CLASS]), _KEYS),
        st.sampled_from([DEFAULT_CATEGORY, "other"]),
        st.integers(-10, 10_000),
        st.sampled_from([*CHAIN, "IOPCIDevice"]),
    ),
    max_size=8,
)


@given(_PERSONALITIES, st.integers(0, 100_000))
def test_the_ranking_is_that_of_a_naive_scan(
    rows: list[tuple[Properties, str, int, str]], kernel_score: int
) -> None:
    everything = [
        personality(f"p{number}", keys, category=category, probe=probe, cls=cls)
        for number, (keys, category, probe, cls) in enumerate(rows)
    ]
    entry = provider(kernel_driver="usbhid", kernel_score=kernel_score)
    expected: dict[str, tuple[int, str]] = {}
    for one in everything:
        total = score(entry, one)
        if isinstance(total, Mismatch):
            continue
        if one.category == DEFAULT_CATEGORY and total <= kernel_score:
            continue
        if one.category not in expected or total > expected[one.category][0]:
            expected[one.category] = (total, one.name)
    ranking = match(entry, catalogue(*everything))
    winners = {
        category: (winner.score, winner.personality.name)
        for category, winner in ranking.winners.items()
    }
    assert winners == expected
