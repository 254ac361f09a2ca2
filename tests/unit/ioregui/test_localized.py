"""The user's language is chosen, then its language without a region, then the bundle's own."""

import pytest

from ioregui.records.localized import best
from runtime.model.records import Localized

KNOWN = tuple(Localized(language, language, "") for language in ("de", "pt-BR", "zh-Hans"))


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (["de-AT", "de", "en"], "de"),
        (["pt_BR"], "pt-BR"),
        (["pt-PT", "de"], "de"),
        (["zh-Hans-CN"], "zh-Hans"),
        (["fr", "PT-br"], "pt-BR"),
        (["fr-FR", "en"], ""),
        ([], ""),
    ],
)
def test_languages_fall_back(languages: list[str], expected: str) -> None:
    found = best(KNOWN, languages)
    assert (found.name if found else "") == expected
