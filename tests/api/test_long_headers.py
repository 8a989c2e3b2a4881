"""Headers that are too long, or take long to read."""

from __future__ import annotations

import ast
from http import cookies
from pathlib import Path
from typing import Any

import pytest

import llm_ui
from llm_ui import auth
from llm_ui.api.http.request_limits import COOKIE_LIMIT, HEADER_LIMIT, HeaderLimit
from tests.api.conftest import Caller
from tests.conftest import People

ME = "/api/v1/auth/me"


async def test_headers_and_cookies_have_a_bound(bob: Caller, people: People) -> None:
    """A request header that takes long to read: no more of it is looked at than anybody needs."""
    own = f"{auth.COOKIE}={people.sessions['bob'].token}"
    for more in (
        {"X-Long": "x" * HEADER_LIMIT},
        {f"X-{number}": "x" * (HEADER_LIMIT // 8) for number in range(8)},
        {"X" * HEADER_LIMIT: "x"},
        {"Cookie": f"{own}; a={'x' * COOKIE_LIMIT}"},
    ):
        for path in (ME, "/health/live", "/api/v1/nothing", "/"):
            answer = await bob.get(path, headers=more)
            assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")
    roomy = {"Cookie": f"{own}; a={'x' * (COOKIE_LIMIT - 200)}", "X-Long": "x" * 4096}
    assert (await bob.get(ME, headers=roomy)).status_code == 200


async def test_a_websockets_handshake_has_the_same_bound() -> None:
    """A request header that takes long to read: one half of the program is not let off."""
    said: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message["type"])

    for size in (COOKIE_LIMIT, COOKIE_LIMIT + 1):
        scope = {"type": "websocket", "headers": [(b"cookie", b"x" * size)]}
        await HeaderLimit(app)(scope, receive, send)
    assert said == ["websocket.accept", "websocket.close"]


async def test_no_cookie_is_unquoted(
    bob: Caller, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request header that takes long to read: backslashes within quotes (CVE-2024-7592). What
    takes them out is never given any, and our own cookies beside them are read."""
    taken_out: list[str] = []
    real = cookies._unquote  # type: ignore[attr-defined]

    def noting(text: str) -> str:
        taken_out.append(text)
        return str(real(text))

    monkeypatch.setattr(cookies, "_unquote", noting)
    odd = '"' + "\\" * 4000 + '"'
    own = f"{auth.COOKIE}={people.sessions['bob'].token}"
    for name in (auth.BROWSER_COOKIE, "lang", "tz", "a"):
        for given in (f"{name}={odd}; {own}", f"{own}; {name}={odd}", f"{own};{name} = {odd};b"):
            assert (await bob.get(ME, headers={"Cookie": given})).status_code == 200
    assert not any("\\" in each for each in taken_out)


def test_one_function_reads_cookies() -> None:
    found = [
        f"{path}: {ast.unparse(node)}"
        for path in Path(llm_ui.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Name) and node.id in ("SimpleCookie", "cookie_parser"))
        or (isinstance(node, ast.Attribute) and ast.unparse(node).endswith("request.cookies"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("", ""),
        ("a=1", "1"),
        ("b=2; a=1", "1"),
        ("b=2;a = 1 ;c", "1"),
        ("a=1; a=2", "2"),
        ("a=b=c", "b=c"),
        ("aa=1; =a; a", ""),
        ('a="1"', '"1"'),
    ],
)
def test_a_cookie_is_what_stands_behind_its_name(header: str, value: str) -> None:
    assert auth.cookie(header, "a") == value
