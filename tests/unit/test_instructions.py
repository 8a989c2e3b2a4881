"""What a chat is told before its first question: its own instructions and its project's together,
unless the chat says that its own take their place."""

from __future__ import annotations

from typing import Any

import pytest

from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.models import AIModel, ChatHistory, Project, SystemPrompt, User
from llm_ui.services.answers import instructions
from llm_ui.services.catalogue import chat_settings
from tests.conftest import People


async def told(people: People, *, project: str, own: dict[str, Any], prompt: str = "") -> str:
    """What bob's chat says to the model, whose administrator says "model"."""
    async with unit_of_work() as session:
        bob = await session.get_one(User, people.bob.user_id)
        if prompt:
            kept = SystemPrompt(user_id=bob.id, name="Mine", prompt=prompt)
            session.add(kept)
            await session.flush()
            bob.preferences = {"default_prompt_id": kept.id}
        chat = ChatHistory(user_id=bob.id, settings=chat_settings.clean(own))
        if project:
            row = Project(user_id=bob.id, name="Fruit", system_prompt=project)
            session.add(row)
            await session.flush()
            chat.project_id = row.id
        model = AIModel(name="m", provider_id="none", system_prompt="model")
        return await instructions.of_chat(session, chat, model)


@pytest.mark.parametrize(
    ("project", "own", "prompt", "said"),
    [
        (
            "Say BANANA.",
            {"system_prompt": "Talk like a pirate."},
            "",
            "Say BANANA.\n\nTalk like a pirate.",
        ),
        (
            "Say BANANA.",
            {"system_prompt": "Be brief.", "instructions": "add"},
            "me",
            "Say BANANA.\n\nBe brief.",
        ),
        (
            "Say BANANA.",
            {"system_prompt": "Be brief.", "instructions": "replace"},
            "me",
            "Be brief.",
        ),
        ("Say BANANA.", {"instructions": "replace"}, "me", "Say BANANA."),
        ("Say BANANA.", {}, "me", "Say BANANA."),
        ("", {"system_prompt": "Be brief.", "instructions": "replace"}, "", "Be brief."),
        ("", {"system_prompt": "Be brief."}, "me", "Be brief."),
        ("", {}, "me", "me"),
        ("", {}, "", "model"),
        ("日本語で。", {"system_prompt": "أجب باختصار"}, "", "日本語で。\n\nأجب باختصار"),
    ],
)
async def test_what_bobs_chat_is_told(
    people: People, project: str, own: dict[str, Any], prompt: str, said: str
):
    assert await told(people, project=project, own=own, prompt=prompt) == said


async def test_bob_sees_what_holds_beside_his_own_words_and_charlie_does_not(people: People):
    async with unit_of_work() as session:
        row = Project(user_id=people.bob.user_id, name="Fruit", system_prompt="Say BANANA.")
        session.add(row)
        await session.flush()
        seen = await instructions.around_chat(session, people.bob, row.id)
        assert (seen.project, seen.text, seen.prompted) == ("Fruit", "Say BANANA.", False)
        other = await instructions.around_chat(session, people.charlie, row.id)
        assert (other.project, other.text) == ("", "")
        assert (await instructions.around_chat(session, people.bob, "")).text == ""


def test_to_add_is_kept_as_nothing_and_counts_as_nothing():
    added = chat_settings.clean({"system_prompt": "x", "instructions": "add"})
    assert added == {"system_prompt": "x"}
    replaced = chat_settings.clean({"system_prompt": "x", "instructions": "replace"})
    assert chat_settings.view_of(replaced).count == 1
    assert chat_settings.view_of(replaced).instructions == "replace"
    assert chat_settings.view_of(added).instructions == "add"


@pytest.mark.parametrize("wrong", ["prepend", 1, ["add"], {"a": 1}])
def test_anything_else_is_refused(wrong: Any):
    with pytest.raises(InvalidInput) as refused:
        chat_settings.clean({"system_prompt": "x", "instructions": wrong})
    assert refused.value.field == "instructions"
