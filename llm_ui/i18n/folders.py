"""The available languages: one folder for each, discovered at import.

    de/
      language.json   {"name": "Deutsch", "direction": "ltr"}: its own name, its direction
      messages.json   its catalog

The folder's name is the language tag as browsers send it: `de`, `pt-BR`, `zh-Hans`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_LANGUAGE = "en"
FOLDER = Path(__file__).parent
ABOUT = "language.json"
MESSAGES = "messages.json"
DIRECTIONS = ("ltr", "rtl")
# At most as long as the column for people's languages.
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?")


# A text, or its plural forms by CLDR category (see __init__.py).
Text = str | dict[str, str]
OTHER, BY = "other", "by"


class BadLanguage(Exception):
    """A language folder is invalid; says why."""


@dataclass(frozen=True)
class Language:
    """A language that people can choose: its tag, its own name, and `ltr` or `rtl`."""

    code: str
    name: str
    direction: str


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadLanguage(f"{file}: {error}") from error
    if not isinstance(found, dict):
        raise BadLanguage(f"{file}: this has to be one JSON object")
    return found


def _language(folder: Path) -> Language:
    if not _TAG.fullmatch(folder.name):
        raise BadLanguage(
            f"{folder}: a language's folder is called by its tag, like de, pt-BR or zh-Hans"
        )
    if not (folder / MESSAGES).is_file():
        raise BadLanguage(f"{folder}: {MESSAGES} is missing")
    about = _read(folder / ABOUT)
    name, direction = about.get("name"), about.get("direction", "ltr")
    if not isinstance(name, str) or not name.strip():
        raise BadLanguage(f"{folder / ABOUT}: it says no name")
    if direction not in DIRECTIONS:
        raise BadLanguage(f"{folder / ABOUT}: direction is one of {', '.join(DIRECTIONS)}")
    return Language(folder.name, name.strip(), direction)


def languages_in(folder: Path = FOLDER) -> dict[str, Language]:
    """All languages in a folder by their tags: English first, the others sorted by the languages'
    own names.

    Raises:
        BadLanguage: one of them is incomplete; says which one and what is missing.
    """
    found = [_language(file.parent) for file in folder.glob(f"*/{ABOUT}")]
    found.sort(key=lambda each: (each.code != DEFAULT_LANGUAGE, each.name.casefold()))
    return {each.code: each for each in found}


def messages_of(code: str, folder: Path = FOLDER) -> dict[str, Text]:
    """The catalog of one language, as in its file."""
    file = folder / code / MESSAGES
    found = _read(file)
    for key, text in found.items():
        of = text.values() if isinstance(text, dict) and OTHER in text else (text,)
        if not all(isinstance(each, str) for each in of):
            raise BadLanguage(
                f"{file}: {key} is no text, nor forms of one with `{OTHER}` among them"
            )
    return found
