"""What a tab's events count to before anybody knows whose tab it is."""

from __future__ import annotations

from typing import Any

import pytest

from llm_ui import auth
from llm_ui.states.socket import connection
from llm_ui.states.socket.connection import TOGETHER, GuardedNamespace

LIMIT = 5


@pytest.fixture
def door(settings_env: Any, monkeypatch: pytest.MonkeyPatch) -> GuardedNamespace:
    """A door where nobody is known yet; sockets are called `<address> <session's token>`."""
    settings_env("RATE_LIMIT", str(LIMIT))
    connection._allowance.cache_clear()

    def scope(_door: GuardedNamespace, sid: str) -> dict[str, Any]:
        address, _, token = sid.partition(" ")
        headers = [(b"cookie", f"{auth.COOKIE}={token}".encode())] if token else []
        return {"client": (address, 1), "headers": headers}

    monkeypatch.setattr(GuardedNamespace, "_scope", scope)
    monkeypatch.setattr(GuardedNamespace, "sid_to_token", {}, raising=False)
    return GuardedNamespace.__new__(GuardedNamespace)


def taken(door: GuardedNamespace, sids: list[str]) -> int:
    return sum(not door._is_too_much(sid) for sid in sids)


def test_new_sockets_of_one_session_count_together(door: GuardedNamespace) -> None:
    """Unbounded work without an account: another socket is no other person."""
    sockets = [f"192.0.2.{number} one-session" for number in range(3 * LIMIT)]
    assert taken(door, sockets) == LIMIT
    assert taken(door, ["192.0.2.1 another-session"]) == 1


def test_sockets_without_a_session_count_by_network(door: GuardedNamespace) -> None:
    assert taken(door, [f"2001:db8::{number}" for number in range(1, 3 * LIMIT)]) == LIMIT
    assert taken(door, ["192.0.2.1"]) == 1


def test_made_up_sessions_of_one_network_have_a_bound(door: GuardedNamespace) -> None:
    """Unbounded work without an account: anybody can make a cookie up."""
    sockets = [f"192.0.2.1 made-up-{number}" for number in range(3 * LIMIT * TOGETHER)]
    assert taken(door, sockets) == LIMIT * TOGETHER
    assert taken(door, ["192.0.2.2 somebody-elses"]) == 1
