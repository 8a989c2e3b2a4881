"""A type of provider is one folder: a fifth one is found, offered and asked, and nothing else of
the application knows of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_ui import providers as folders
from llm_ui.db import unit_of_work
from llm_ui.providers import registry
from llm_ui.schemas.catalogue.providers import ProviderDraft
from llm_ui.services.answers import runs
from llm_ui.services.catalogue import (
    models,
    provider_admin,
    provider_connection,
    provider_views,
)
from tests.conftest import People
from tests.unit.test_engine import text_of, watch

FOLDER = '''
"""An API that answers with what it was asked, backwards."""

from collections.abc import AsyncGenerator

from llm_ui.providers.types import Preset, ProviderType
from llm_ui.wire.events import ChatRequest, Done, ModelInfo, Token


class Mirror:
    def __init__(self, endpoint, client=None):
        self.endpoint = endpoint

    async def models(self):
        return [ModelInfo("mirror-1")]

    async def stream(self, request: ChatRequest) -> AsyncGenerator:
        yield Token(request.messages[-1].content[::-1])
        yield Done("stop")

    async def aclose(self):
        pass


TYPE = ProviderType(
    key="mirror",
    rank=5,
    label="Mirror",
    adapter=Mirror,
    default_base_url="http://127.0.0.1:9",
    presets=(Preset(99, "mirror", "Mirror", "http://127.0.0.1:9", needs_key=False),),
    settings=("temperature",),
    sees=lambda model: model.endswith("-1"),
)
'''


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fifth folder beside the four."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "__init__.py").write_text(FOLDER)
    monkeypatch.setattr(folders, "__path__", [*folders.__path__, str(tmp_path)])
    known = dict(registry.TYPES)
    registry.TYPES |= registry.find_types()
    yield
    registry.TYPES.clear()
    registry.TYPES |= known
    sys.modules.pop("llm_ui.providers.mirror", None)


@pytest.mark.usefixtures("mirror", "engine")
async def test_a_folder_more_is_a_type_more(people: People) -> None:
    alice, bob = people.alice, people.bob
    assert provider_views.types(alice)[-1].label == "Mirror"
    assert provider_views.presets(alice)[-1].name == "Mirror"
    async with unit_of_work() as session:
        draft = ProviderDraft(name="Hall of mirrors")
        made = await provider_admin.create_provider(session, alice, "mirror", draft)
    assert made.api_url == "http://127.0.0.1:9"
    await provider_connection.sync_now(alice, made.id)
    async with unit_of_work(writes=False) as session:
        (offered,) = await models.list_models(session, bob)
    assert (offered.name, offered.accepts, offered.sees) == ("mirror-1", ["temperature"], True)
    asked = await runs.ask(bob, "stressed", model_id=offered.id)
    assert text_of(await watch(bob, asked.run_id)) == "desserts"


def test_the_types_are_what_the_folders_say() -> None:
    assert list(registry.TYPES) == ["llm_api", "ollama", "openai", "anthropic"]
    assert all(each.key == key for key, each in registry.TYPES.items())
