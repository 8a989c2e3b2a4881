"""A client that openapi-python-client makes of the document talks to the served application:
what it is given it can send, and what is answered it can read."""

from __future__ import annotations

import datetime
import importlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.test_document import DOCUMENT
from tests.states.served import Server, model_server, serve
from tests.workers.conftest import until_known

pytestmark = pytest.mark.timeout(180)
PACKAGE = "generated_llm_ui"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The generated client, importable under its name."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "document.json").write_text(json.dumps(DOCUMENT))
    # Nothing has to be pretty here.
    (folder / "config.yml").write_text("post_hooks: []\n")
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            "--meta",
            "none",
            "--path",
            folder / "document.json",
            "--config",
            folder / "config.yml",
            "--output-path",
            folder / PACKAGE,
            "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(sqlite_template, folder / "llm_ui.db")
    database = f"sqlite:///{folder / 'llm_ui.db'}"
    with model_server(folder) as models, serve(folder, database, models) as running:
        until_known(running)
        yield running


class Generated:
    """The generated package: its functions by tag and name, its types by name."""

    def __init__(self, package: str, url: str, key: str) -> None:
        self._package = package
        client = importlib.import_module(f"{package}.client")
        self._client = client.AuthenticatedClient(base_url=url, token=key)

    def call(self, tag: str, operation: str, /, *args: Any, **params: Any) -> Any:
        module = importlib.import_module(f"{self._package}.api.{tag}.{operation}")
        return module.sync(*args, client=self._client, **params)

    def type(self, name: str) -> Any:
        return getattr(importlib.import_module(f"{self._package}.models"), name)

    def file(self, content: bytes) -> Any:
        return importlib.import_module(f"{self._package}.types").File(io.BytesIO(content))


@pytest.fixture(scope="module")
def generated(package: str, server: Server) -> Generated:
    alice = server.register("alice")
    made = server.rest(alice, "POST", "/keys", key_name="Client", scopes=["admin"])
    return Generated(package, server.url, made.json()["key"])


def test_a_conversation(generated: Generated) -> None:
    models = generated.call("models", "list_models").items
    model = next(each.id for each in models if each.name == "scripted")
    body = generated.type("NewChat")(
        model=model, title="Generated", settings=generated.type("Settings")(temperature=0.5)
    )
    chat = generated.call("chats", "create_chat", body=body)
    assert isinstance(chat.created_at, datetime.datetime)
    assert chat.settings.temperature == 0.5
    question = generated.type("Question")(content="say:Hello from a generated client.")
    started = generated.call("chats", "ask", chat.id, body=question)
    events = generated.call("runs", "stream_run", started.run_id)
    assert events.rstrip().rpartition("event: ")[2].startswith("end")
    read = generated.call("chats", "get_chat", chat.id)
    assert [each.content for each in read.messages][-1] == "Hello from a generated client."
    assert read.messages[-1].role.value == "assistant"
    assert "Hello from" in generated.call("chats", "export_chat", chat.id)
    found = generated.call("search", "search", q="generated")
    assert found.items[0].chat_id == chat.id


def test_files_and_archives(generated: Generated) -> None:
    content = b"Heat pumps move heat."
    stored = generated.call("files", "upload_file", body=generated.file(content), name="pumps.txt")
    assert (stored.name, stored.size) == ("pumps.txt", len(content))
    assert generated.call("files", "list_files").items[0].id == stored.id
    assert generated.call("files", "get_file_content", stored.id).payload.read() == content
    usage = generated.call("usage", "get_usage_csv")
    assert usage.startswith("day,")


def test_prompts_projects_and_what_administrators_do(generated: Generated) -> None:
    body = generated.type("PromptBody")(name="Mail", text="Write to {{person}}.")
    prompt = generated.call("prompts", "create_prompt", body=body)
    assert prompt.variables == ["person"]
    assert isinstance(prompt.updated_at, datetime.datetime)
    project = generated.call(
        "projects", "create_project", body=generated.type("NewProject")(name="House")
    )
    assert project.name == "House"
    new = generated.type("NewProvider")(
        name="Own",
        provider_type=generated.type("NewProviderProviderType").OPENAI,
        api_url="http://127.0.0.1:9/v1",
        headers=generated.type("NewProviderHeaders").from_dict({"X-Team": "ops"}),
    )
    provider = generated.call("admin_providers", "create_provider", body=new)
    assert provider.headers == ["X-Team"]
    people = generated.call("admin_people", "list_users").items
    assert people[0].role.value == "admin"
    assert generated.call("admin_overview", "get_overview").users == 1


def test_what_goes_wrong_is_a_problem_with_its_parts(generated: Generated, server: Server) -> None:
    told = generated.call("chats", "create_chat", body=generated.type("NewChat")(model="none"))
    assert (told.status, told.code, told.errors[0].field) == (422, "invalid_input", "model")
    assert httpx.get(f"{server.url}{told.type_}").status_code == 200
