"""While an answer has not begun, whoever waits can know what for."""

from llm_ui.generation import Engine
from llm_ui.services.answers import runs
from tests.conftest import People, until
from tests.scripted import ScriptedServer
from tests.unit.test_engine import message, watch


async def test_a_question_waits_for_its_turn_then_for_the_model(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, settings_env
):
    settings_env("RUNS_PER_USER", "1")
    upstream.script("stall-headers")
    upstream.script("stall-headers")
    first = await runs.ask(people.bob, "Hello", model_id=model_id)
    await until(lambda: upstream.requests)
    second = await runs.ask(people.bob, "And?", model_id=model_id)
    name = (await message(first.message_id)).model_name
    told = await runs.waiting(people.bob, first.run_id)
    assert told == runs.Waiting("asked", name, 0, told.seconds if told else -1)
    told = await runs.waiting(people.bob, second.run_id)
    assert told is not None
    assert told.what == "queued"
    # Nobody else learns that there is anything.
    assert await runs.waiting(people.charlie, first.run_id) is None
    await runs.stop(people.bob, first.run_id)
    await watch(people.bob, first.run_id)
    assert await runs.waiting(people.bob, first.run_id) is None
    await until(lambda: len(upstream.requests) == 2)
    told = await runs.waiting(people.bob, second.run_id)
    assert told is not None
    assert told.what == "asked"
    await runs.stop(people.bob, second.run_id)
    await watch(people.bob, second.run_id)


async def test_a_long_question_is_said_to_be_read(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("stall-headers")
    asked = await runs.ask(people.bob, "word " * 20_000, model_id=model_id)
    told: list[runs.Waiting] = []

    async def look() -> bool:
        found = await runs.waiting(people.bob, asked.run_id)
        told[:] = [found] if found else []
        return bool(found and found.what == "reading")

    for _ in range(1000):
        if await look():
            break
    assert told[0].what == "reading"
    assert 20_000 <= told[0].tokens <= 30_000
    assert told[0].tokens % 100 == 0
    await runs.stop(people.bob, asked.run_id)
    await watch(people.bob, asked.run_id)
    # What it really took is the provider's to say.
    assert (await message(asked.message_id)).status == "stopped"
