"""Filters of lists compare words as the search of chats does, on both databases."""

from __future__ import annotations

import unicodedata

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.models import SystemPrompt
from llm_ui.schemas.accounts.users import PersonFilters
from llm_ui.schemas.prompts.prompts import PromptDraft
from llm_ui.services.accounts import users as directory
from llm_ui.services.matching import holds
from llm_ui.services.prompts import prompts
from tests.conftest import People, sign_up


@pytest.mark.parametrize(
    ("name", "typed", "fits"),
    [
        ("Übersetzung", "ubersetz", True),
        ("Übersetzung", "ÜBER", True),
        ("한국 여행", "여행", True),
        ("Мой чай", "МОЙ", True),
        ("Ｆｕｌｌ", "full", True),
        ("ヒートポンプ", "ポンプ", True),
        ("أَحْمَد", "احمد", True),
        ("Nguyễn", "nguyen", True),
        ("100 % sure", "100 %", True),
        ("100 percent", "％", False),
        ("my_func", "y_f", True),
        ("myXfunc", "y_f", False),
        ("a\\b", "\\", True),
        ("plain", "\\", False),
        ("여행", "야행", False),
    ],
)
async def test_what_is_typed_finds_what_is_named(people: People, name: str, typed: str, fits: bool):
    async with unit_of_work() as session:
        for form in ("NFC", "NFD"):
            written = unicodedata.normalize(form, name)
            session.add(SystemPrompt(user_id=people.bob.user_id, name=written, prompt="x"))
        await session.flush()
        for form in ("NFC", "NFD"):
            found = holds(unicodedata.normalize(form, typed), col(SystemPrompt.name))
            count = await session.scalar(sa.select(sa.func.count()).where(found))
            assert count == (2 if fits else 0)


async def test_people_and_prompts_are_found_without_their_marks(people: People):
    await sign_up("zoë")
    async with unit_of_work() as session:
        await prompts.create_prompt(session, people.bob, PromptDraft("Résumé", "Écris"))
    async with unit_of_work(writes=False) as session:
        found = await directory.list_people(session, people.alice, PersonFilters(query="ZOE"))
        assert [each.username for each in found.items] == ["zoë"]
        page = await prompts.list_prompts(session, people.bob, query="resume ecris")
        assert [each.name for each in page.items] == ["Résumé"]
        page = await prompts.list_prompts(session, people.charlie, query="resume")
        assert page.items == []


async def test_marks_without_number_behind_a_letter_are_found_as_the_first_of_them(people: People):
    """Work that grows with the square of a text, in the database."""
    written = "a" + "\u3099\u0323" * 100_000 + " then"
    async with unit_of_work() as session:
        session.add(SystemPrompt(user_id=people.bob.user_id, name="Marks", prompt=written))
        await session.flush()
        found = holds("then", col(SystemPrompt.prompt))
        assert await session.scalar(sa.select(sa.func.count()).where(found)) == 1
