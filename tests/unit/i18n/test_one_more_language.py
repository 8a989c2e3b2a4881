"""A new language is a folder, and nothing else has to be touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import one_more
from tests.one_more import CODE, NAME, in_it


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("home")
    database = home / "test.db"
    shutil.copy(sqlite_template, database)
    env = one_more.application(home)
    look = Path(one_more.__file__).with_name("look.py")
    told: dict[str, Any] = json.loads(one_more.run(home, env, str(look), str(database), CODE))
    assert told["package"] == str(home / "llm_ui")
    return told


def test_it_is_offered_on_the_pages(found: dict[str, Any]) -> None:
    for place in ("picker", "palette"):
        assert NAME in found[place]
        assert CODE in found[place]
    assert f"account-language-{CODE}" in found["picker"]


def test_the_first_script_is_told_of_it_and_its_direction(found: dict[str, Any]) -> None:
    assert f"{CODE}:rtl" in found["page"]["data-languages"].split()


def test_its_catalogue_goes_into_the_build(found: dict[str, Any]) -> None:
    assert f"assets/external/llm_ui/i18n/{CODE}/messages.json" in found["files"]


def test_rest_takes_it_and_lists_it(found: dict[str, Any]) -> None:
    assert found["chosen"]["language"] == CODE
    for schema in ("Account", "Changes"):
        taken = found["document"][schema]["properties"]["language"]["anyOf"]
        assert [CODE in each["enum"] for each in taken if "enum" in each] == [True]


def test_errors_are_told_in_its_words(found: dict[str, Any]) -> None:
    refused = found["refused"]
    assert refused["title"] == in_it(refused["title"].strip("‹›"))
    assert refused["detail"].startswith("‹")
    assert CODE in refused["detail"]
    assert f'<html lang="{CODE}" dir="rtl">' in found["errors"]


def test_the_command_line_takes_it(found: dict[str, Any]) -> None:
    assert found["cli"] == CODE
