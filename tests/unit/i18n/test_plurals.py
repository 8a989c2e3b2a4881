"""What depends on a number has the forms that its language has: CLDR's, by Babel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_ui import i18n
from llm_ui.i18n import LANGUAGES, catalogue, folders, forms, placeholders, translate
from llm_ui.i18n.formats import locale_of, plural

POLISH = {
    "forest.owls": {
        "one": "{count} sowa",
        "few": "{count} sowy",
        "many": "{count} sów",
        "other": "{count} sowy",
    },
    "forest.mice": {"one": "mysz", "other": "myszy: {count}"},
    "forest.wait": {"by": "days", "one": "{days} dzień", "other": "{days} dni"},
    "forest.fog": "mgła {count}",
}


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A language with four forms, some of whose texts leave forms out."""
    (tmp_path / "pl").mkdir()
    (tmp_path / "pl" / "messages.json").write_text(json.dumps(POLISH), encoding="utf-8")
    known = {**LANGUAGES, "pl": i18n.Language("pl", "polski", "ltr")}
    english = catalogue()
    monkeypatch.setattr(i18n, "LANGUAGES", known)
    found = {"pl": folders.messages_of("pl", tmp_path)}
    monkeypatch.setattr(i18n, "catalogue", lambda language="en": found.get(language, english))
    return "pl"


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 sowa"), (2, "2 sowy"), (5, "5 sów"), (22, "22 sowy"), (1.5, "1,5 sowy")],
)
def test_a_number_chooses_the_form_of_its_language(polish: str, count: float, said: str) -> None:
    assert translate("forest.owls", polish, count=count) == said


def test_a_form_that_is_left_out_is_the_other_one(polish: str) -> None:
    assert translate("forest.mice", polish, count=1) == "mysz"
    assert translate("forest.mice", polish, count=3) == "myszy: 3"


def test_another_number_than_count_may_decide(polish: str) -> None:
    assert translate("forest.wait", polish, days=1) == "1 dzień"
    assert translate("forest.wait", polish, days=14, count=1) == "14 dni"


def test_a_text_without_forms_fits_any_number(polish: str) -> None:
    assert translate("forest.fog", polish, count=1) == "mgła 1"


def test_what_is_no_number_takes_the_other_form(polish: str) -> None:
    assert translate("forest.owls", polish, count="many") == "many sowy"


def test_a_text_that_is_missing_is_english_with_english_forms(polish: str) -> None:
    assert plural(21, "ru") == "one"
    assert translate("admin.models_count", polish, count=1) == "1 model"
    assert translate("admin.models_count", polish, count=21) == "21 models"


def test_one_has_its_own_form_in_english_and_german() -> None:
    assert translate("admin.models_count", "en", count=1) == "1 model"
    assert translate("admin.models_count", "en", count=1234) == "1,234 models"
    assert translate("admin.models_count", "de", count=1) == "1 Modell"
    assert translate("admin.models_count", "de", count=1234) == "1.234 Modelle"


@pytest.mark.parametrize("text", [{"one": "owl"}, {"other": 1}, ["owl"], 7, None])
def test_forms_without_other_or_of_something_else_are_refused(tmp_path: Path, text: object) -> None:
    (tmp_path / "pl").mkdir()
    file = tmp_path / "pl" / "messages.json"
    file.write_text(json.dumps({"forest.owls": text}), encoding="utf-8")
    with pytest.raises(folders.BadLanguage, match=r"forest\.owls"):
        folders.messages_of("pl", tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_only_forms_that_its_rules_know(language: str) -> None:
    known = {*locale_of(language).plural_form.tags, "other"}
    wrong = {key: set(forms(text)) - known for key, text in catalogue(language).items()}
    assert {key: names for key, names in wrong.items() if names} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_form_of_a_single_number_may_leave_the_number_out(language: str) -> None:
    """ "One chat" is right for 1, not for the 21 that is `one` in Russian as well."""
    numbers: dict[str, list[int]] = {}
    for each in range(1000):
        numbers.setdefault(plural(each, language), []).append(each)
    wrong = [
        (key, name)
        for key, text in catalogue(language).items()
        if isinstance(text, dict)
        for name, form in forms(text).items()
        if placeholders(text) > placeholders(form) and len(numbers[name]) > 1
    ]
    assert wrong == []
