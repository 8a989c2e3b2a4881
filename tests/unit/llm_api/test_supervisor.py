"""The supervisor: one service for all workers, whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest

from llm_ui.config import Settings, load_settings
from llm_ui.errors import ModelUnavailable
from llm_ui.llm_api import chosen_model, confined
from llm_ui.llm_api import supervisor as module
from llm_ui.llm_api.key import ensured_key, known_key
from llm_ui.llm_api.supervisor import Supervisor

STUB = (sys.executable, str(Path(__file__).with_name("stub_service.py")))


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr(module, "PROBE", module.Timeouts(0.5, 0.5, 0.5, 0.5))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings(folder: Path, **values: object) -> Settings:
    values = {"llm_api_port": free_port(), **values}
    return load_settings(secret_key="x" * 40, data_dir=folder, _env_file=None, **values)


def pid(folder: Path) -> int:
    return int(orjson.loads((folder / "llm_api.json").read_bytes())["pid"])


def alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (files and processes have no event)
            await asyncio.sleep(0.02)


async def test_the_service_is_started_on_its_usual_port_and_ended(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    keeper = Supervisor(chosen, STUB)
    await keeper.start()
    assert await keeper.wait() == f"http://127.0.0.1:{chosen.llm_api_port}"
    number = pid(tmp_path)
    assert alive(number)
    await keeper.stop()
    assert not alive(number)
    assert not (tmp_path / "llm_api.json").exists()


async def test_a_port_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        keeper = Supervisor(settings(tmp_path, llm_api_port=other.getsockname()[1]), STUB)
        await keeper.start()
        assert str(other.getsockname()[1]) not in await keeper.wait()
        await keeper.stop()


async def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    keeper = Supervisor(settings(tmp_path), STUB)
    await keeper.start()
    await keeper.wait()
    first = pid(tmp_path)
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid(tmp_path) != first)
    await keeper.wait()
    await keeper.stop()


async def test_a_service_that_falls_silent_is_started_again(tmp_path: Path) -> None:
    keeper = Supervisor(settings(tmp_path), STUB)
    await keeper.start()
    url = await keeper.wait()
    first = pid(tmp_path)
    await asyncio.sleep(0.3)
    async with httpx.AsyncClient() as client:
        await client.get(f"{url}/deaf")
    await until(lambda: pid(tmp_path) != first)
    assert not alive(first)
    await keeper.stop()


async def test_one_of_two_keeps_it_and_the_other_takes_over(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    one, two = Supervisor(chosen, STUB), Supervisor(chosen, STUB)
    await one.start()
    await one.wait()
    await two.start()
    assert await two.wait() == one.url
    assert (one.keeping, two.keeping) == (True, False)
    await one.stop()
    await until(lambda: two.keeping)
    await two.wait()
    await two.stop()


SURROUNDINGS = """
import json, os, sys
told = {"environment": dict(os.environ), "folder": os.getcwd(), "arguments": sys.argv}
open(sys.argv[1], "w").write(json.dumps(told))
sys.stdin.read()
"""


async def test_the_service_gets_nothing_of_the_servers_surroundings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A native parser of model files from strangers: what it could reach."""
    told = tmp_path / "told"
    chosen = settings(tmp_path, llm_api_model="models/own.gguf")
    for name in ("SECRET_KEY", "METRICS_TOKEN", "OPENAI_API_KEY", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "secret-of-the-server")
    # Begin like what chooses between cards, and are keys.
    for name in ("NVIDIA_API_KEY", "LLAMA_API_KEY", "LANGSMITH_API_KEY", "LANGFUSE_SECRET_KEY"):
        monkeypatch.setenv(name, "secret-of-the-server")
    keeper = Supervisor(chosen, (sys.executable, "-c", SURROUNDINGS, str(told)))
    await keeper.start()
    await until(lambda: told.exists() and told.read_bytes().endswith(b"}"))
    await keeper.stop()
    found = orjson.loads(told.read_bytes())
    assert "secret-of-the-server" not in str(found)
    assert found["folder"] == "/"  # where no .env lies
    [file] = [each for each in found["arguments"] if each.endswith("/models/own.gguf")]
    assert os.path.isabs(file)
    key = (tmp_path / "llm_api.key").read_text().strip()
    assert found["environment"]["LLM_API_KEY"] == key
    assert key not in str(found["arguments"])  # those are for everybody to see


def test_nothing_that_the_service_is_passed_is_called_like_a_secret() -> None:
    words = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
    assert not [name for name in confined.PASSED if any(word in name for word in words)]


async def test_the_key_of_the_port_is_made_once_and_for_this_account_alone(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    assert known_key(chosen) is None
    made = await asyncio.gather(*(asyncio.to_thread(ensured_key, chosen) for _ in range(8)))
    assert len(set(made)) == 1
    assert len(made[0]) >= 32
    assert known_key(chosen) == made[0]
    assert stat.S_IMODE((tmp_path / "llm_api.key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["llm_api.key"]
    # What is run apart has the key that the settings name, or none.
    given = settings(tmp_path, llm_api_url="http://gpu:8100", llm_api_key="theirs")
    assert known_key(given) == "theirs"
    assert known_key(settings(tmp_path, llm_api_url="http://gpu:8100")) is None


def test_the_service_takes_memory_in_proportion_and_leaves_no_core(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(bytes(1_000_000))
    code = (
        "import pathlib, sys; from resource import *; from llm_ui.llm_api import confined;"
        "confined.limit(pathlib.Path(sys.argv[1]));"
        "print(*getrlimit(RLIMIT_CORE), *getrlimit(RLIMIT_DATA))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(model)], capture_output=True, check=True
    ).stdout.split()
    assert said[:2] == [b"0", b"0"]
    if sys.platform == "linux":
        assert int(said[2]) == int(said[3]) == 2_000_000 + confined.WORKING_BYTES


async def test_a_given_address_is_used_and_nothing_started(tmp_path: Path) -> None:
    keeper = Supervisor(settings(tmp_path, llm_api_url="http://gpu:8100"), STUB)
    await keeper.start()
    assert (keeper.url, keeper.keeping) == ("http://gpu:8100", False)
    await keeper.stop()
    assert os.listdir(tmp_path) == []


async def test_a_service_without_a_model_says_so(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "llm_ui.llm_api", "--with-parent", "--model", "/none.gguf")
    keeper = Supervisor(settings(tmp_path), command)
    await keeper.start()
    with pytest.raises(ModelUnavailable) as caught:
        await keeper.wait()
    assert "/none.gguf" in caught.value.detail
    await keeper.stop()


KEEPER = """
import asyncio, pathlib, sys
from llm_ui.config import load_settings
from llm_ui.llm_api.supervisor import Supervisor

async def main():
    settings = load_settings(secret_key="x" * 40, data_dir=sys.argv[1], llm_api_port=sys.argv[2])
    command = (sys.executable, "-m", "llm_ui.llm_api", "--with-parent", "--model", "/none.gguf")
    await Supervisor(settings, command).start()
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_service_ends_with_a_keeper_that_was_killed(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KEEPER, str(tmp_path), str(free_port())]
    keeper = subprocess.Popen(arguments)  # noqa: ASYNC220
    await until((tmp_path / "llm_api.json").exists)
    number = pid(tmp_path)
    await until(lambda: b"llm_ui.llm_api" in Path(f"/proc/{number}/cmdline").read_bytes())
    await asyncio.sleep(1.0)
    keeper.kill()
    keeper.wait()
    killed = time.monotonic()
    await until(lambda: not alive(number), 5.0)
    assert time.monotonic() - killed < 5.0
    # Whoever comes next finds the lock free.
    heir = Supervisor(settings(tmp_path), STUB)
    await heir.start()
    await heir.wait()
    await heir.stop()


async def test_another_file_is_loaded_and_one_that_does_not_load_gives_way(
    tmp_path: Path,
) -> None:
    chosen = settings(tmp_path)
    keeper = Supervisor(chosen, STUB)
    await keeper.start()
    await keeper.wait()

    def model() -> str:
        try:
            return str(httpx.get(f"{keeper.url}/health", timeout=1).json()["model"])
        except (httpx.HTTPError, ValueError):
            return ""

    async def wish(name: str | None) -> chosen_model.Told:
        path = str(tmp_path / name) if name else None
        made = chosen_model.Wanted(f"wish-{name}-{time.monotonic()}", path)
        chosen_model.want(tmp_path, made)
        await until(
            lambda: (
                chosen_model.told(tmp_path).id == made.id
                and chosen_model.told(tmp_path).state != "loading"
            )
        )
        return chosen_model.told(tmp_path)

    assert (await wish("good.gguf")).state == "ready"
    assert model() == "good.gguf"
    number = pid(tmp_path)
    # The same again needs no new life.
    assert (await wish("good.gguf")).state == "ready"
    assert pid(tmp_path) == number
    for name, why in (("bad.gguf", "bad tensors"), ("fatal.gguf", "exited while loading")):
        news = await wish(name)
        assert (news.state, news.path) == ("failed", str(tmp_path / "good.gguf"))
        assert why in news.detail
        await until(lambda: model() == "good.gguf")
    # Whoever keeps it next begins with what works.
    await keeper.stop()
    heir = Supervisor(chosen, STUB)
    await heir.start()
    keeper = heir
    await heir.wait()
    assert model() == "good.gguf"
    assert (await wish(None)).path is None
    assert model() == "stub"
    await heir.stop()
