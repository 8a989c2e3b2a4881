"""What somebody reads when an answer fails: who failed, and what to do; no address, no
exception."""

import math
import re

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.errors import (
    AppError,
    InvalidInput,
    ModelUnavailable,
    ProviderCutOff,
    ProviderError,
    ProviderGarbage,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm_ui.generation import Engine
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.models import AIModel, MonitoringLog
from llm_ui.services.answers import runs
from llm_ui.services.chats import chats
from llm_ui.wire.failures import error_for_status, error_in_stream
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.unit.test_engine import message, watch

SOCKET = "Cannot connect to host 10.0.0.7:9931 ssl:default [Connect call failed ('10.0.0.7', 9931)]"
FAILURES: list[tuple[ProviderError, str]] = [
    (ProviderUnreachable(SOCKET, reason="refused"), "Cellar cannot be reached"),
    (ProviderUnreachable("Name or service not known", reason="dns"), "Cellar cannot be reached"),
    (ProviderUnreachable("CERTIFICATE_VERIFY_FAILED", reason="tls"), "Cellar cannot be reached"),
    (ProviderTimeout("connect", 10.0), "Cellar did not answer within 10 seconds"),
    (ProviderTimeout("first_token", 120.0), "No response after 2 minutes"),
    (ProviderTimeout("silence", 60.0), "sent nothing for 1 minute"),
    (ProviderTimeout("total", 3600.0), "longer than the 60 minutes allowed"),
    (error_for_status(400, "bad top_k"), "Cellar refused the request: “bad top_k”"),
    (error_for_status(401, "Incorrect API key: sk-1"), "Cellar does not accept its stored key"),
    (error_for_status(402, ""), "quota for Cellar is used up"),
    (error_for_status(403, ""), "provider refused the request"),
    (error_for_status(404, "no route"), "echo-1 is no longer available. Pick another model."),
    (
        error_for_status(429, "slow down"),
        "Cellar has reached its rate limit: “slow down”",
    ),
    (error_for_status(429, "slow down", 30.0), "Cellar has reached its rate limit"),
    (error_for_status(429, "slow down", 29.2), "Try again in 30 seconds"),
    (error_for_status(429, "slow down", 0.0), "Wait a moment"),
    (error_for_status(429, "slow down", 90_000.0), "Wait a moment"),
    (error_for_status(429, "slow down", math.inf), "Wait a moment"),
    (error_for_status(503, "", 120.0), "overloaded right now. Try again in 2 minutes"),
    (error_in_stream({"type": "rate_limit_error", "message": ""}), "its rate limit. Wait"),
    (error_for_status(429, "You exceeded your current quota"), "quota for Cellar is used up"),
    (error_for_status(500, ""), "provider reported a problem"),
    (error_for_status(500, "out of memory"), "Cellar reported a problem: “out of memory”"),
    (error_for_status(502, SOCKET), "Cellar cannot be reached"),
    (error_for_status(503, ""), "Cellar is overloaded"),
    (error_for_status(504, ""), "Cellar cannot be reached"),
    (error_for_status(529, ""), "Cellar is overloaded"),
    (ProviderCutOff(SOCKET), "Connection lost"),
    (ProviderGarbage(SOCKET), "an invalid response"),
    (ModelUnavailable(), "echo-1 is no longer available"),
]
# An address, a name of an exception, a figure of a machine, something not filled in.
MACHINE = re.compile(r"\d+\.\d+\.\d+|:\d{2,5}\b|Error\b|ssl|\[|HTTP|\{|\d\.0 s|sk-")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("error", "words"), FAILURES)
def test_a_failure_names_who_failed_and_nothing_of_the_machine(error, words, language):
    error.named("Cellar", "echo-1")
    told = translate(error.message_key, language, **error.params)
    assert not MACHINE.search(told), told
    if language == "en":
        assert words in told


@pytest.mark.parametrize(("error", "words"), FAILURES)
def test_without_a_name_it_is_a_sentence_too(error, words):
    params = {**error.params, "provider": "", "model": ""}
    told = translate(error.message_key, "en", **params)
    assert not MACHINE.search(told), told
    assert told[0].isupper()


async def test_the_person_reads_who_failed_and_the_log_what(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("error-500 error-message=boiler")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    failed = await message(asked.message_id)
    told = translate(failed.error_key, "en", **failed.error_params)
    assert told.startswith("Scripted reported a problem: “boiler”.")
    async with unit_of_work(writes=False) as session:
        query = sa.select(MonitoringLog).where(col(MonitoringLog.log_type) == "provider.error")
        assert "boiler" in (await session.scalars(query)).one().message


async def test_a_limit_is_no_overload_and_says_when_to_ask_again(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("error-429 retry-after=30 error-message=calm")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    failed = await message(asked.message_id)
    assert translate(failed.error_key, "en", **failed.error_params) == (
        "Scripted has reached its rate limit. Try again in 30 seconds, or pick another model."
    )
    assert "in 30 Sekunden" in translate(failed.error_key, "de", **failed.error_params)


async def refused(work) -> AppError:  # type: ignore[no-untyped-def]
    with pytest.raises(AppError) as caught:
        await work
    return caught.value


async def test_a_model_that_is_switched_off_is_named_to_those_who_had_it(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    async with unit_of_work() as session:
        await session.execute(sa.update(AIModel).values(is_active=False))
    for wanted in (None, model_id):
        error = await refused(runs.ask(people.bob, "?", chat_id=asked.chat_id, model_id=wanted))
        assert isinstance(error, ModelUnavailable)
        told = translate(error.message_key, "en", **error.params)
        name = (await message(asked.message_id)).model_name
        assert told == f"{name} is no longer available. Pick another model."
    # Whom it was never for is told nothing of it.
    async with unit_of_work() as session:
        await session.execute(sa.update(AIModel).values(visibility="admins"))
    error = await refused(runs.ask(people.charlie, "?", model_id=model_id))
    assert isinstance(error, InvalidInput)


async def test_a_model_that_is_gone_is_named_by_its_last_answer(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    async with unit_of_work() as session:
        empty = await chats.create_chat(session, people.bob, model_id)
        await session.execute(sa.delete(AIModel))
    error = await refused(runs.ask(people.bob, "?", chat_id=asked.chat_id))
    assert error.params["model"] == (await message(asked.message_id)).model_name
    error = await refused(runs.ask(people.bob, "?", chat_id=empty.id))
    assert error.message_key == "error.model_required"
