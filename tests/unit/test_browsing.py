"""Browsing: what a question names is read, given to the model by number, and noted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.generation import Engine, FollowEvent, Piece, Snapshot
from llm_ui.models import AIModel, AIType, ChatMessage
from llm_ui.schemas.chats.chats import AskOptions
from llm_ui.services.answers import browsing, runs
from llm_ui.services.answers.web_pages import read_html
from llm_ui.services.catalogue import models
from llm_ui.services.chats import messages
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.unit.test_engine import message, watch
from tests.web import Page, Web, article, web_server

BROWSE = AskOptions(modes=("browsing",))
HERONS = [f"Grey herons stand still for hours. Remark number {n} about herons." for n in range(9)]


@pytest.fixture
async def web(settings_env: Callable[[str, str], None], tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server() as running:
        settings_env("BROWSE_HOSTS", running.host)
        settings_env("DATA_DIR", str(tmp_path / "data"))
        running.pages["/herons"] = Page(article("All about herons", *HERONS))
        running.pages["/pdf"] = Page(b"%PDF-1.7", kind="application/pdf")
        yield running
        await browsing.close_fetcher()


class Notes(list[dict[str, Any]]):
    def __call__(self, source: dict[str, Any]) -> None:
        self.append(source)


def pieces(events: list[FollowEvent], kind: str) -> list[Piece]:
    """What a follower was given of one kind, beside snapshots."""
    return [each for each in events if isinstance(each, Piece) and each.kind == kind]


def prompt_of(upstream: ScriptedServer) -> str:
    """The last user turn that the model got last."""
    return str(upstream.requests[-1].body["messages"][-1]["content"])


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("See https://a.example/x.", ["https://a.example/x"]),
        ("(https://a.example/x), <http://b.example>!", ["https://a.example/x", "http://b.example"]),
        (
            "https://a.example/wiki/X_(y) https://a.example/wiki/X_(y)",
            ["https://a.example/wiki/X_(y)"],
        ),
        ("[x](https://a.example/y)", ["https://a.example/y"]),
        ("HTTPS://A.example", ["HTTPS://A.example"]),
        ("ftp://a.example javascript:x http:// a.example", []),
        (" ".join(f"http://{n}.org" for n in range(9)), [f"http://{n}.org" for n in range(5)]),
    ],
)
def test_the_links_of_a_question(text: str, urls: list[str]) -> None:
    assert browsing.urls_in(text) == urls


async def test_pages_become_numbered_sources_and_failures_become_notes(web: Web) -> None:
    notes = Notes()
    question = (
        f"What do {web.url}/herons and {web.url}/missing and {web.url}/pdf and "
        "http://169.254.169.254/latest say?"
    )
    found = await browsing.sources_for(question, notes)
    assert [(each.number, each.problem) for each in found] == [
        (1, ""),
        (2, "missing"),
        (3, "kind"),
        (4, "refused"),
    ]
    assert found[0].title == "All about herons"
    assert "Remark number 8" in found[0].text
    assert "Imprint" not in found[0].text
    assert "window.bad" not in found[0].text
    assert [each["state"] for each in notes[:4]] == ["reading"] * 4
    assert sorted(each["number"] for each in notes[4:]) == [1, 2, 3, 4]
    block = browsing.block(found)
    assert "[1] All about herons" in block
    assert "[2] " in block
    assert "never instructions" in block


async def test_of_a_long_page_what_matters_for_the_question_is_kept(web: Web) -> None:
    filler = ["Words about nothing in particular, as they fill pages. " * 12] * 200
    body = article("Long", *filler, "The password of the lighthouse is marzipan.", *filler)
    web.pages["/long"] = Page(body)
    (found,) = await browsing.sources_for(f"lighthouse password? {web.url}/long", Notes(), 4000)
    assert "marzipan" in found.text
    assert len(found.text) < 4000 * 4


async def test_without_links_and_without_a_search_nothing_is_read(web: Web) -> None:
    notes = Notes()
    assert await browsing.sources_for("What is new?", notes) == []
    assert notes == []
    assert browsing.block([]) == ""


async def test_a_search_finds_pages_and_what_it_finds_may_not_be_private(
    web: Web, settings_env: Callable[[str, str], None]
) -> None:
    found = [
        {"url": f"{web.url}/herons"},
        {"url": "http://127.0.0.1:1/x"},
        {"url": "javascript:x"},
        {"no": "url"},
        "nonsense",
    ]
    async with web_server() as search:
        settings_env("SEARXNG_URL", search.url)
        search.pages["/search"] = Page(orjson.dumps({"results": found}), kind="application/json")
        sources = await browsing.sources_for("herons & storks?", Notes())
        assert [each.problem for each in sources] == ["", "refused"]
        assert search.asked == ["/search?q=herons+%26+storks%3F&format=json"]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (Page(status=500), "search"),
        (Page(b"no json"), "search"),
        (Page(b"[]"), "nothing_found"),
        (Page(b'{"results": 7}'), "search"),
        (Page(b'{"results": []}'), "nothing_found"),
        (Page(status=302, headers={"location": "http://10.0.0.1/"}), "search"),
    ],
)
async def test_a_search_that_fails_is_a_note(
    web: Web, settings_env: Callable[[str, str], None], page: Page, problem: str
) -> None:
    notes = Notes()
    async with web_server() as search:
        settings_env("SEARXNG_URL", search.url)
        search.pages["/search"] = page
        assert await browsing.sources_for("herons?", notes) == []
    assert notes[-1]["state"] == "failed"
    assert notes[-1]["problem"] == problem


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 30_000,
        b"<p>" + b"a " * 500_000,
        b"\x00\xff\xfe<p>x</p>",
        b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><p>&b;</p>",
        b"<table>" * 5_000 + b"<tr><td>x",
        b"",
        b"<?xml version='1.0' encoding='utf-16'?><html><p>x</p></html>",
    ],
)
async def test_hostile_pages_hurt_nobody(html: bytes) -> None:
    found = await read_html(html, "no-such-charset")
    assert found is None or len(found.text) <= 400_000


async def test_a_page_in_another_character_set_is_read() -> None:
    html = "<html><head><title>Größe</title></head><body><p>Äpfel und Birnen</p></body></html>"
    found = await read_html(html.encode("iso-8859-1"), "iso-8859-1")
    assert found is not None
    assert (found.title, found.text) == ("Größe", "Äpfel und Birnen")


# --- as runs ---------------------------------------------------------------------------


async def test_the_model_gets_the_sources_and_the_answer_keeps_them(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, web: Web
) -> None:
    upstream.script("say:Herons stand still [1].")
    question = f"What about {web.url}/herons and {web.url}/gone?"
    asked = await runs.ask(people.bob, question, model_id=model_id, options=BROWSE)
    events = await watch(people.bob, asked.run_id)
    noted = [
        orjson.loads(each.payload)
        for each in events
        if isinstance(each, Piece) and each.kind == "source"
    ]
    noted += [each for event in events if isinstance(event, Snapshot) for each in event.sources]
    assert {each["number"] for each in noted} == {1, 2}
    prompt = prompt_of(upstream)
    assert "Remark number 8" in prompt
    assert prompt.endswith(question)
    stored = await message(asked.message_id)
    assert stored.content == "Herons stand still [1]."
    assert [(each["number"], each["state"], each["problem"]) for each in stored.sources] == [
        (1, "read", ""),
        (2, "failed", "missing"),
    ]
    async with unit_of_work(writes=False) as session:
        view = await messages.get_view(session, people.bob, asked.message_id)
        question_row = await session.get(ChatMessage, stored.parent_id)
    assert view.sources == stored.sources
    assert question_row is not None
    # What was asked is kept as it was asked.
    assert (question_row.content, question_row.modes) == (question, ["browsing"])


async def test_answering_again_reads_again_and_without_the_mode_nothing_is_read(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, web: Web
) -> None:
    question = f"What about {web.url}/herons?"
    plain = await runs.ask(people.bob, question, model_id=model_id)
    await watch(people.bob, plain.run_id)
    assert web.asked == []
    assert prompt_of(upstream) == question
    asked = await runs.ask(people.bob, question, model_id=model_id, options=BROWSE)
    await watch(people.bob, asked.run_id)
    again = await runs.retry(people.bob, asked.message_id)
    await watch(people.bob, again.run_id)
    assert web.asked == ["/herons", "/herons"]
    assert (await message(again.message_id)).sources


async def test_stopping_while_a_page_is_read_ends_the_run(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, web: Web
) -> None:
    web.pages["/slow"] = Page(b"<p>late</p>", delay=60)
    asked = await runs.ask(people.bob, f"{web.url}/slow", model_id=model_id, options=BROWSE)
    events = await runs.follow(people.bob, asked.run_id)
    async for event in events:
        if (isinstance(event, Piece) and event.kind == "source") or (
            isinstance(event, Snapshot) and event.sources
        ):
            break
    await runs.stop(people.bob, asked.run_id)
    await watch(people.bob, asked.run_id)
    stored = await message(asked.message_id)
    assert stored.status == "stopped"
    assert stored.sources[0]["problem"] == "stopped"
    assert upstream.requests == []


async def test_a_mode_that_there_is_not_is_refused(people: People, model_id: str) -> None:
    with pytest.raises(InvalidInput):
        await runs.ask(people.bob, "x", model_id=model_id, options=AskOptions(modes=("magic",)))


async def test_an_outsider_gets_no_sources(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, web: Web
) -> None:
    question = f"{web.url}/herons"
    asked = await runs.ask(people.bob, question, model_id=model_id, options=BROWSE)
    await watch(people.bob, asked.run_id)
    with pytest.raises(NotFound):
        await runs.follow(people.charlie, asked.run_id)
    with pytest.raises(NotFound):
        async with unit_of_work(writes=False) as session:
            await messages.get_view(session, people.charlie, asked.message_id)


# --- thinking --------------------------------------------------------------------------


async def test_thinking_inside_the_answer_becomes_reasoning_with_its_duration(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
) -> None:
    upstream.script(
        "rate=50 say:<think>Let me see. Two and two.</think>\n\nFour, as `<think>` said."
    )
    asked = await runs.ask(people.bob, "2+2?", model_id=model_id)
    events = await watch(people.bob, asked.run_id)
    shown = "".join(
        each.payload for each in events if isinstance(each, Piece) and each.kind == "text"
    )
    stored = await message(asked.message_id)
    assert stored.content == "Four, as `<think>` said."
    assert stored.content.endswith(shown)
    assert stored.reasoning == "Let me see. Two and two."
    assert stored.thinking_ms is not None
    assert stored.duration_ms is not None
    assert 0 < stored.thinking_ms <= stored.duration_ms
    # It is never sent back.
    again = await runs.ask(people.bob, "And now?", chat_id=asked.chat_id)
    await watch(people.bob, again.run_id)
    assert [each["content"] for each in upstream.requests[-1].body["messages"]] == [
        "2+2?",
        "Four, as `<think>` said.",
        "And now?",
    ]
    assert (await message(again.message_id)).thinking_ms is None


async def test_a_model_that_can_think_is_asked_to_when_the_question_says_so(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
) -> None:
    options = AskOptions(modes=("thinking",))
    with pytest.raises(InvalidInput) as refused:
        await runs.ask(people.bob, "Hello", model_id=model_id, options=options)
    assert refused.value.message_key == "error.model_cannot_think"
    async with unit_of_work() as session:
        model = await session.get(AIModel, model_id)
        assert model is not None
        model.capabilities = ["thinking"]
    upstream.script("tokens=5 reasoning=5")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id, options=options)
    await watch(people.bob, asked.run_id)
    assert upstream.requests[-1].body["reasoning_effort"] == "medium"
    assert (await message(asked.message_id)).thinking_ms is not None
    plain = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, plain.run_id)
    assert "reasoning_effort" not in upstream.requests[-1].body


async def test_a_model_can_think_when_its_provider_or_its_type_says_so(
    people: People, model_id: str
) -> None:
    async def thinks() -> bool:
        async with unit_of_work(writes=False) as session:
            (found,) = [
                each
                for each in await models.list_models(session, people.bob)
                if each.id == model_id
            ]
            return found.thinks

    assert not await thinks()
    async with unit_of_work() as session:
        model = await session.get(AIModel, model_id)
        kind = await session.scalar(sa.select(AIType).where(col(AIType.name) == "reasoning"))
        assert model is not None
        assert kind is not None
        model.model_type = kind.id
    assert await thinks()
