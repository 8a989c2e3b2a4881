"""The log speaks in sentences, of every kind of row, in every language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from llm_ui.i18n import LANGUAGES
from llm_ui.models import MonitoringLog
from llm_ui.models.base import now
from llm_ui.schemas.audit.audit_log import LogLine
from llm_ui.services.audit import sentences
from llm_ui.services.audit.audit_log import _entry
from llm_ui.wire.failures import REASONS

SERVICES = Path(sentences.__file__).parents[1]
KIND = re.compile(
    r'"((?:sign_in|account|provider|admin|key|error|security|sign_out)(?:\.[a-z_]+)?)"'
)
NO_KINDS = {
    "admin",
    "account",
    "provider",
    "error",
    "key",
    "security",
    "sign_in",
    "admin.user",
    "account.delete_word",
}
PRICE = {
    "valid_from": "2026-12-01",
    "currency": "USD",
    "input_micro": 150_000,
    "cached_input_micro": None,
    "output_micro": 600_000,
    "reasoning_micro": None,
}
MODEL = {
    "display_name": ["a", "b"],
    "system_prompt": [0, 1200],
    "context_window": [None, 128_000],
    "default_params": [{}, {"temperature": 0.7, "max_tokens": 100}],
    "is_default": [False, True],
    "capabilities": [["vision"], ["vision", "thinking"]],
    "visibility": ["everyone", "chosen"],
    "chosen": [[], ["bob@example.org"]],
    "chosen_count": [0, 1],
    "sort_order": [1, 2],
}
SET_UP = {
    "registration": ["open", "invite"],
    "allowed_domains": [[], ["example.org"]],
    "log_days": [365, 0],
    "metric_days": [365, 90],
    "backup_days": [0, 7],
    "backups_kept": [7, 3],
}
TESTED = {"api_url": "https://models.example/v1", "ok": False, "reason": "dns"}
# Of each kind: what a row of it holds. Kinds without a line hold an e-mail, as most do.
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "sign_out": ("", {"others": 1}),
    "account.registered": ("alice", {"role": "admin"}),
    "account.joined": ("bob", {"role": "user", "invitation": "0193"}),
    "provider.up": ("Otters", {"provider": "Otters"}),
    "provider.down": ("Otters: Connect call failed", {"provider": "Otters", "reason": "refused"}),
    "provider.error": (
        "mock-1: provider_timeout ",
        {"code": "provider_timeout", "model": "mock-1", "provider": "Otters", "run": "0193"},
    ),
    "provider.failover": (
        "Otters: http://a (dns) no such host",
        {"provider": "Otters", "provider_address": "http://a", "reason": "dns"},
    ),
    "admin.provider_created": (
        "Otters (http://a)",
        {"provider": "Otters", "type": "openai", "api_url": "http://a"},
    ),
    "admin.provider_deleted": (
        "Otters (http://a)",
        {"provider": "Otters", "type": "llm_api", "api_url": "http://a"},
    ),
    "admin.provider_changed": (
        "Otters: api_key, timeouts",
        {
            "provider": "Otters",
            "changes": {
                "api_key": ["none", "stored"],
                "timeouts": [{}, {"first_token": 30}],
                "limit": [None, 4],
                "is_active": [True, False],
            },
        },
    ),
    "admin.provider_tested": ("Otters (http://a): dns", {"provider": "Otters", **TESTED}),
    "admin.provider_synced": (
        "Otters",
        {"provider": "Otters", "found": {"models": 3, "new": 1, "changed": 0, "gone": 2}},
    ),
    "admin.media_provider_created": ("Brushes", {"provider": "Brushes", "type": "openai"}),
    "admin.media_provider_deleted": ("Brushes", {"provider": "Brushes"}),
    "admin.media_provider_changed": (
        "Brushes: is_active",
        {"changes": {"is_active": [True, False]}},
    ),
    "admin.media_provider_tested": (
        "Brushes (http://a): dns",
        {"provider": "Brushes", "latency_ms": 120, **TESTED},
    ),
    "admin.media_model_created": ("Painter", {"model": "p-1", "params": {"size": "auto"}}),
    "admin.media_model_deleted": ("Painter", {}),
    "admin.media_model_changed": (
        "Painter: display_name, params",
        {"changes": {"display_name": ["a", "b"], "params": [{}, {"size": "auto", "count": 2}]}},
    ),
    "admin.media_type_changed": ("Image: icon", {"changes": {"icon": ["image", "camera"]}}),
    "admin.model_changed": (
        "mock-1: display_name",
        {"model": "mock-1", "provider": "Otters", "changes": MODEL},
    ),
    "admin.model_added": ("Otters: p-1", {"model": "p-1", "provider": "Otters"}),
    "admin.model_removed": ("p-1", {"model": "p-1"}),
    "admin.models_switched": (
        "mock-1",
        {"models": ["mock-1"], "count": 1, "changes": {"is_active": [True, False]}},
    ),
    "admin.model_deleted": ("Otters: mock-1", {"provider": "Otters", "model": "mock-1"}),
    "admin.prices_listed": ("1", {"count": 1, "changes": {"prices": [0, 1]}}),
    "admin.price_changed": (
        "mock-1: input_micro, cached_input_micro",
        {"model": "mock-1", "changes": {k: [None, v] for k, v in PRICE.items()}},
    ),
    "admin.type_created": (
        "Fast",
        {"type": "Fast", "changes": {"name": [None, "Fast"], "icon": [None, "zap"]}},
    ),
    "admin.type_deleted": ("Fast", {"type": "Fast", "changes": {"name": ["Fast", None]}}),
    "admin.type_changed": (
        "Fast: description",
        {"type": "Fast", "changes": {"description": ["", "Quick"]}},
    ),
    "admin.settings": ("registration", {"changes": SET_UP}),
    "key.created": ("llmui_ab Nightly", {"scopes": ["read", "chat"]}),
    "key.revoked": ("llmui_ab Nightly", {}),
    "key.rotated": ("llmui ab → llmui cd", {}),
    "admin.job_started": ("search_reindex", {"job": "0193"}),
    "admin.job_cancelled": ("model_pull", {"job": "0193"}),
    "admin.job_retried": ("backup_check", {"job": "0193"}),
    "admin.gguf_uploaded": ("tiny.gguf", {"bytes": 1_234_567}),
    "admin.user_role": ("bob@example.org", {"changes": {"role": ["user", "admin"]}}),
    "admin.user_invited": (
        "",
        {"changes": {"role": [None, "user"], "expires": [None, "2026-12-01T09:30:00+00:00"]}},
    ),
    "error.unhandled": ("KeyError in GET /chats", {"error": "KeyError", "where": "GET /chats"}),
    "security.event_refused": ("not an admin: admin_state.refresh", {}),
}
# Words as programs write them: joined by a line, or dotted.
RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|\b(?:admin|provider|account|log|error)\.[a-z]|[{}\[\]]")


# What older versions have recorded.
OF_BEFORE = {kind for kind in ROWS if kind.startswith("admin.media_")}


def kinds() -> list[str]:
    """Every kind that the source records, or has recorded."""
    found = set(OF_BEFORE)
    for folder in ("services", "states", "jobs", "api"):
        for path in (SERVICES.parent / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "record(" in text or "record_change(" in text:
                found |= {each for each in KIND.findall(text) if each not in NO_KINDS}
    return sorted(each for each in found if not re.search(r"^error\.(?!unhandled)|\.py$", each))


def line(kind: str, message: str, details: dict[str, Any], language: str, level: str = "info"):
    row = MonitoringLog(
        id="1", log_type=kind, log_level=level, message=message, details=details, created_at=now()
    )
    return sentences.line(_entry(row, "alice"), language)


def everything(told: LogLine) -> str:
    facts = [f"{each.name}: {each.before} {each.value}" for each in told.facts]
    return "\n".join((told.told, told.more, *facts))


def test_the_kinds_are_found():
    assert {"sign_in.ok", "admin.price_changed", "admin.user_enabled"} <= set(kinds())


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_is_a_sentence_without_keys(kind: str):
    message, details = ROWS.get(kind, ("bob@example.org", {"subject": "0193", "request": "r-1"}))
    told = {each: line(kind, message, details, each) for each in LANGUAGES}
    english = told["en"].told
    assert [each for each in told if each != "en" and told[each].told == english] == []
    for each in told.values():
        is_name = each.told.startswith(("mock-1", "alice", "bob"))
        assert is_name or not each.told[:1].islower(), each
        assert not RAW.search(everything(each)), everything(each)


@pytest.mark.parametrize(
    ("changes", "sentence", "more"),
    [
        (
            {name: [None, value] for name, value in PRICE.items()},
            "Added a price for mock-1",
            "From: Dec 1, 2026 · Input: 0.15 USD · Output: 0.60 USD",
        ),
        (
            {"currency": ["USD", "USD"], "input_micro": [150_000, 2_000_000]},
            "Changed a price for mock-1",
            "Input: 0.15 USD → 2.00 USD",
        ),
        (
            {name: [value, None] for name, value in PRICE.items()},
            "Deleted a price for mock-1",
            "From: Dec 1, 2026 → not set · Input: 0.15 USD → not set · Output: 0.60 USD → not set",
        ),
    ],
)
def test_a_price_is_told_with_its_model_and_its_amounts(
    changes: dict[str, Any], sentence: str, more: str
):
    told = line("admin.price_changed", "mock-1: x", {"model": "mock-1", "changes": changes}, "en")
    assert (told.told, told.more) == (sentence, more)


def test_german_amounts_and_days_are_german():
    changes = {name: [None, value] for name, value in PRICE.items()}
    told = line("admin.price_changed", "x", {"model": "mock-1", "changes": changes}, "de")
    assert told.told == "Preis für mock-1 hinzugefügt"
    assert told.more == "Ab: 01.12.2026 · Eingabe: 0,15 USD · Ausgabe: 0,60 USD"


@pytest.mark.parametrize(
    ("count", "active", "sentence"),
    [
        (1, True, "Enabled 1 model"),
        (2, False, "Disabled 2 models"),
        (12, True, "Enabled 12 models"),
    ],
)
def test_one_model_is_one_model(count: int, active: bool, sentence: str):
    details = {
        "models": ["a", "b"][:count],
        "count": count,
        "changes": {"is_active": [not active, active]},
    }
    told = line("admin.models_switched", "a, b", details, "en")
    assert (told.told, told.more) == (sentence, ", ".join(["a", "b"][:count]))


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_failed_connection_is_a_sentence(reason: str, language: str):
    details = {"provider": "Otters", "ok": False, "reason": reason}
    told = line("admin.provider_tested", f"Otters (http://a): {reason}", details, language)
    assert told.more.endswith((".", ")"))
    assert told.more != reason


def test_rows_of_people_who_are_gone_still_say_what_was_done():
    gone = line("admin.user_disabled", "", {"changes": {"active": [True, False]}}, "en")
    assert gone.told == "Disabled an account"
    demoted = line("admin.user_role", "", {"changes": {"role": ["admin", "user"]}}, "de")
    assert demoted.told == "Jemandem Administratorrechte entzogen"


def test_a_kind_that_nobody_has_words_for_is_readable_all_the_same():
    told = line("admin.heron_counted", "x", {"wing_span": 3}, "en")
    assert told.told == "Admin: heron counted"
    assert told.facts[0].name == "Wing span"


def test_what_an_upstream_said_is_kept_for_the_administrator():
    told = line("provider.down", "Otters: it is raining", {"provider": "Otters"}, "en", "error")
    assert (told.told, told.more) == ("Otters is not responding", "it is raining")
