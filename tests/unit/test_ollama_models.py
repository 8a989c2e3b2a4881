"""Models on an Ollama's disk: pulled by a job, listed, deleted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import Database, unit_of_work
from llm_ui.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ProviderUnreachable,
)
from llm_ui.jobs import Jobs
from llm_ui.models import AIModel
from llm_ui.schemas.catalogue.providers import ProviderDraft, PullItem
from llm_ui.services.catalogue import ollama_models, provider_admin
from llm_ui.services.operations import jobs
from tests.conftest import People, until
from tests.scripted import ScriptedServer

MISSING = "01a00000-0000-7000-8000-000000000000"
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def provider(people: People, upstream: ScriptedServer) -> str:
    """An Ollama; its id."""
    upstream.model_names = ("old:1b",)
    async with unit_of_work() as session:
        draft = ProviderDraft(name="Garage", api_url=upstream.url)
        return (await provider_admin.create_provider(session, people.alice, "ollama", draft)).id


async def quiet(*_: object, **__: object) -> None:
    """Progress that nobody wants to know."""


async def offered() -> set[str]:
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(AIModel.name)).where(col(AIModel.is_available).is_(True))
        return set(await session.scalars(query))


async def test_a_job_pulls_goes_on_where_it_was_cancelled_and_syncs(
    db: Database, people: People, provider: str, upstream: ScriptedServer
):
    work = Jobs(db)
    await work.start()

    async def pull() -> str:
        async with unit_of_work() as session:
            return (await ollama_models.pull(session, people.alice, provider, "new:7b")).id

    async def newest() -> PullItem:
        async with unit_of_work(writes=False) as session:
            return (await ollama_models.list_pulls(session, people.alice, provider))[0]

    async def until_it_is(found: Any) -> PullItem:
        async with asyncio.timeout(20):
            while True:
                item = await newest()
                if found(item):
                    return item
                await asyncio.sleep(0.05)

    try:
        upstream.script("rate=5 stall-after=6")
        job_id = await pull()
        assert await pull() == job_id
        item = await until_it_is(lambda item: item.note.startswith("new:7b: "))
        assert item.model == "new:7b"
        assert 0 < item.progress < 0.5
        assert "GB" in item.note or "MB" in item.note
        async with unit_of_work() as session:
            await jobs.cancel(session, people.alice, job_id)
        await until(lambda: upstream.requests[-1].ending == "aborted", 10.0)
        await until_it_is(lambda item: item.status == "cancelled")
        come = upstream.disk.come["new:7b"]
        assert come > 0
        async with unit_of_work() as session:
            await jobs.retry(session, people.alice, job_id)
        item = await until_it_is(lambda item: item.status not in ("queued", "running"))
        assert (item.status, item.error) == ("done", "")
        # Only what was missing was sent.
        assert upstream.requests[-1].sent < 30 - come
        assert await offered() == {"old:1b", "new:7b"}
        async with unit_of_work(writes=False) as session:
            job = await jobs.get_job(session, people.alice, job_id)
        assert job.made.startswith("new:7b on Garage")
    finally:
        await work.stop(0.0)


@one_database
async def test_models_are_listed_and_deleted(
    people: People, provider: str, upstream: ScriptedServer
):
    await ollama_models.download(provider, "new:7b", quiet)
    listed = await ollama_models.list_installed(people.alice, provider)
    assert [(each.name, each.size > 10**8) for each in listed] == [
        ("new:7b", True),
        ("old:1b", True),
    ]
    await ollama_models.delete(people.alice, provider, "old:1b")
    assert await offered() == {"new:7b"}
    with pytest.raises(NotFound):
        await ollama_models.delete(people.alice, provider, "old:1b")
    await upstream.stop()
    with pytest.raises(ProviderUnreachable):
        await ollama_models.list_installed(people.alice, provider)


@one_database
@pytest.mark.parametrize(
    ("name", "script", "code"),
    [
        ("nosuch:1b", "", "not_found"),
        ("new:1b", "error-after=3 error-message=disk-full", "provider_error"),
        ("new:1b", "cut-after=4", "provider_cut_off"),
    ],
)
async def test_a_pull_that_fails_says_why(
    provider: str, upstream: ScriptedServer, name: str, script: str, code: str
):
    if script:
        upstream.script(script)
    with pytest.raises(AppError) as failed:
        await ollama_models.download(provider, name, quiet)
    assert failed.value.code == code
    assert name not in await offered()


@one_database
async def test_only_admins_and_only_at_an_ollama(people: People, provider: str):
    async with unit_of_work() as session:
        draft = ProviderDraft(name="Cellar", api_url="http://10.1.2.3/v1")
        other = await provider_admin.create_provider(session, people.alice, "openai", draft)
        for actor in (people.bob, people.charlie):
            with pytest.raises(NotAllowed):
                await ollama_models.pull(session, actor, provider, "x")
            with pytest.raises(NotAllowed):
                await ollama_models.list_pulls(session, actor, provider)
        with pytest.raises(Conflict):
            await ollama_models.pull(session, people.alice, other.id, "x")
        with pytest.raises(NotFound):
            await ollama_models.pull(session, people.alice, MISSING, "x")
        for name in ("", "a b", "../x", "-x", "x" * 300, 'x"'):
            with pytest.raises(InvalidInput):
                await ollama_models.pull(session, people.alice, provider, name or " ")
    for call in (
        ollama_models.list_installed(people.bob, provider),
        ollama_models.delete(people.bob, provider, "old:1b"),
    ):
        with pytest.raises(NotAllowed):
            await call
    assert ollama_models.clean_name(" ollama run hf.co/a/b:Q4_K_M ") == "hf.co/a/b:Q4_K_M"
