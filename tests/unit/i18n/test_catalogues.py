"""Every language says everything, and everything that is asked for is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llm_ui import errors
from llm_ui.i18n import (
    LANGUAGES,
    MissingText,
    catalogue,
    duration_words,
    forms,
    pick_language,
    placeholders,
    set_strict,
    translate,
)

ROOT = Path(__file__).parents[3] / "llm_ui"
# t("key") and translate("key") as they stand in the code; f-strings are looked at apart.
CALLED = re.compile(r"""\b(?:t|translate)\(\s*(f?)"([a-z_]+\.[a-z0-9_.{}]+)\"""")
PREFIX = re.compile(r"""\bt_of\(\s*"([a-z_.]+\.)\"""")
ERROR = re.compile(r""""(error\.[a-z0-9_.]+)\"""")
# Kinds of log rows, and the beginning of keys that are tested by themselves.
NO_WORDS = {"error.unhandled", "error.provider_timeout_"}


def every_form(language: str) -> list[tuple[str, str]]:
    """Each text of a catalogue with its key; one that depends on a number with each form."""
    return [
        (key, form) for key, text in catalogue(language).items() for form in forms(text).values()
    ]


def sources() -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))]


@pytest.fixture(autouse=True)
def strict():
    set_strict(True)
    yield
    set_strict(True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_everything_and_nothing_else(language):
    assert set(catalogue(language)) == set(catalogue())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_wants_the_same_things_in_every_language(language):
    english = catalogue()
    wrong = {
        key: text
        for key, text in catalogue(language).items()
        if placeholders(text) != placeholders(english[key])
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_padded(language):
    wrong = [key for key, text in every_form(language) if text.strip() != text or not text]
    assert wrong == []


def test_texts_have_typographic_marks():
    ascii_marks = [
        (language, key)
        for language in LANGUAGES
        for key, text in every_form(language)
        if "..." in text or '"' in text
    ]
    assert ascii_marks == []


def test_every_text_asked_for_in_the_code_exists():
    texts = catalogue()
    missing = []
    for path, code in sources():
        for formatted, key in CALLED.findall(code):
            pattern = re.compile(re.sub(r"\\\{[\w.\\]+\\\}", r"\\w+", re.escape(key)))
            known = any(map(pattern.fullmatch, texts)) if formatted else key in texts
            if not known:
                missing.append((path.name, key))
        for prefix in PREFIX.findall(code):
            if not any(key.startswith(prefix) for key in texts):
                missing.append((path.name, prefix))
    assert missing == []


def test_every_error_has_words():
    wanted = {key for _, code in sources() for key in ERROR.findall(code)}
    assert wanted - set(catalogue()) - NO_WORDS == set()


@pytest.mark.parametrize("phase", ["connect", "first_token", "silence", "total"])
def test_each_time_out_has_its_own_words(phase):
    error = errors.ProviderTimeout(phase, 12)
    for language in LANGUAGES:
        assert "12" in translate(error.message_key, language, **error.params)


def every_error(root: type[errors.AppError]) -> list[type[errors.AppError]]:
    return [root, *(each for child in root.__subclasses__() for each in every_error(child))]


@pytest.mark.parametrize("kind", every_error(errors.AppError), ids=lambda kind: kind.__name__)
def test_every_kind_of_error_has_words(kind):
    assert kind.message_key in catalogue()


def test_translate_fills_in_what_is_given():
    assert translate("error.password_short", "en", minimum=8).endswith("at least 8 characters.")
    assert "mindestens 8" in translate("error.password_short", "de", minimum=8)


def test_what_is_not_given_stays_visible():
    assert "{minimum}" in translate("error.password_short")


def test_braces_in_a_value_are_only_text():
    assert "{detail}" in translate("error.provider", provider="Cellar", detail="{detail} {0} {x.y}")


def test_an_error_without_detail_is_still_a_sentence():
    bare = translate("error.provider_refused", provider="Cellar", detail="")
    assert "()" not in bare
    assert "  " not in bare


def test_a_row_of_an_earlier_version_without_the_providers_name_is_a_sentence_too():
    told = translate("error.provider_timeout_connect", seconds=120.0, phase="connect")
    assert told.startswith("The provider did not answer within 2 minutes.")


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (120.0, "2 minutes", "2 Minuten"),
        (60, "1 minute", "1 Minute"),
        (90, "90 seconds", "90 Sekunden"),
        (1.0, "1 second", "1 Sekunde"),
        (3600, "60 minutes", "60 Minuten"),
        (1.5, "1.5 seconds", "1,5 Sekunden"),
    ],
)
def test_a_length_of_time_is_said_in_words(seconds, english, german):
    assert duration_words(seconds, "en") == english
    assert duration_words(seconds, "de") == german


def test_an_unknown_key_raises_in_tests_and_shows_itself_otherwise():
    with pytest.raises(MissingText):
        translate("no.such_key")
    set_strict(False)
    assert translate("no.such_key") == "no.such_key"


def test_an_unknown_language_is_english():
    assert translate("chat.new", "fr") == translate("chat.new", "en")


@pytest.mark.parametrize(
    ("header", "cookie", "expected"),
    [
        ("", "", "en"),
        ("de", "", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "", "de"),
        ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.7", "", "en"),
        ("fr", "", "en"),
        ("en;q=0.1,de;q=0.9", "", "de"),
        ("de;q=0", "", "en"),
        ("de;q=bogus,en", "", "en"),
        (",,;;", "", "en"),
        ("de", "en", "en"),
        ("en", "de", "de"),
        ("de", "xx", "de"),
        ("DE-de", "", "de"),
        ("*", "", "en"),
    ],
)
def test_pick_language(header, cookie, expected):
    assert pick_language(header, cookie) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_are_in_order(language: str) -> None:
    """So that a column's texts stand together, and two changes rarely meet."""
    keys = list(catalogue(language))
    assert keys == sorted(keys)
