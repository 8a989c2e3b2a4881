"""A language is a folder; one that is none says what it lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llm_ui import i18n
from llm_ui.i18n.folders import BadLanguage, languages_in


def put(home: Path, code: str, about: Any, messages: str | None = "{}") -> None:
    folder = home / code
    folder.mkdir()
    (folder / "language.json").write_text(json.dumps(about), encoding="utf-8")
    if messages is not None:
        (folder / "messages.json").write_text(messages, encoding="utf-8")


def test_english_stands_first_and_the_others_by_their_own_names(tmp_path: Path) -> None:
    put(tmp_path, "ar", {"name": "العربية", "direction": "rtl"})
    put(tmp_path, "fr", {"name": "français"})
    put(tmp_path, "de", {"name": "Deutsch"})
    put(tmp_path, "en", {"name": "English"})
    (tmp_path / "__pycache__").mkdir()
    found = languages_in(tmp_path)
    assert list(found) == ["en", "de", "fr", "ar"]
    assert [each.direction for each in found.values()] == ["ltr", "ltr", "ltr", "rtl"]
    assert found["fr"].name == "français"


@pytest.mark.parametrize(
    ("code", "about", "messages", "said"),
    [
        ("de_DE", {"name": "Deutsch"}, "{}", "called by its tag"),
        ("German", {"name": "Deutsch"}, "{}", "called by its tag"),
        ("de", {"name": " "}, "{}", "says no name"),
        ("de", ["Deutsch"], "{}", "one JSON object"),
        ("de", {"name": "Deutsch", "direction": "up"}, "{}", "ltr, rtl"),
        ("de", {"name": "Deutsch"}, None, r"messages\.json is missing"),
    ],
)
def test_a_folder_that_is_no_language_is_named_with_what_is_wrong(
    tmp_path: Path, code: str, about: Any, messages: str | None, said: str
) -> None:
    put(tmp_path, code, about, messages)
    with pytest.raises(BadLanguage, match=rf"{code}.*{said}"):
        languages_in(tmp_path)


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("zh-Hant-TW", "zh-Hant"),
        ("pt-br", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("pt", "pt-BR"),
        ("fr", ""),
        ("d", ""),
        ("", ""),
    ],
)
def test_a_browser_gets_the_nearest_language(
    monkeypatch: pytest.MonkeyPatch, tag: str, found: str
) -> None:
    known = ("en", "de", "pt-BR", "zh-Hans", "zh-Hant")
    languages = {each: i18n.Language(each, each, "ltr") for each in known}
    monkeypatch.setattr(i18n, "LANGUAGES", languages)
    assert i18n.language_named(tag) == found


def test_a_choice_of_a_language_that_is_gone_counts_no_more() -> None:
    assert i18n.offered("de") == "de"
    assert i18n.offered("tlh") == i18n.offered(None) == ""
