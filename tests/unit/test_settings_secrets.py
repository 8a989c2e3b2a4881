"""What a wrong setting's sentence says, and what it keeps to itself."""

from __future__ import annotations

import pytest

from llm_ui.config import load_settings
from llm_ui.errors import ConfigError

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://llm:hunter2@db/chats"),
        ("DATABASE_URL", "postgresql://llm:hunter2"),
        ("DATABASE_URL", "postgresql://llm:hunter2@db:54x2/chats"),
        ("REDIS_URL", "http://:hunter2@redis"),
        ("REDIS_URL", "redis://:hunter2#x@redis:6379"),
        ("REDIS_URL", "redis://llm:hunter2/x@redis:6379"),
        ("REDIS_URL", "redis://[hunter2"),
        ("LLM_API_URL", "llm:hunter2@gpu:8100"),
        ("LLM_API_URL", "http://llm:hunter2/x@gpu:8100"),
        ("OLLAMA_HOST", "llm:hunter2#x@gpu"),
        ("OLLAMA_HOST", "ftp://llm:hunter2@gpu:1"),
        ("OPENAI_BASE_URL", "ftp://llm:hunter2@gpu"),
        ("PUBLIC_URL", "https://llm:hunter2@chat.example.org:port"),
        ("SEARXNG_URL", "http://llm:hunter2/@search"),
        ("SECRET_KEY", "hunter2"),
        ("METRICS_TOKEN", "hunter2"),
    ],
)
def test_a_wrong_setting_is_named_without_what_is_secret_in_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as refused:
        load_settings(_env_file=None)
    assert str(refused.value).startswith(f"{name} must be ")
    assert SECRET not in str(refused.value)
    # Nor does a traceback that goes on from it.
    assert refused.value.__cause__ is None


def test_what_is_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "70000")
    with pytest.raises(ConfigError, match=r"PORT .*, not '70000'"):
        load_settings(secret_key="x" * 40, _env_file=None)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://llm:pass/word@db:5432/chats",
        "postgres://llm@/chats?host=/run/postgresql",
        "sqlite:////srv/llm.db",
    ],
)
def test_odd_addresses_of_databases_still_pass(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert load_settings(secret_key="x" * 40, _env_file=None).database_url == url
