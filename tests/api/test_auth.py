"""Signing in over REST."""

import pytest

from llm_ui import auth
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.security import passwords
from tests.api.conftest import Caller
from tests.conftest import PASSWORD, People

ALICE = {"email": "alice@example.org", "username": "Alice", "password": PASSWORD}


async def test_register_sign_out_sign_in_and_who_am_i(visitor: Caller):
    answer = await visitor.post("/api/v1/auth/register", json=ALICE)
    assert answer.status_code == 201
    assert answer.json()["user"]["role"] == "admin"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = answer.json()["csrf_token"]
    assert (await visitor.get("/api/v1/auth/me")).json()["csrf_token"] == token
    answer = await visitor.post("/api/v1/auth/logout", headers={auth.CSRF_HEADER: token})
    assert answer.status_code == 204
    assert (await visitor.get("/api/v1/auth/me")).status_code == 401
    answer = await visitor.post(
        "/api/v1/auth/login", json={"email": ALICE["email"], "password": PASSWORD}
    )
    assert answer.status_code == 200
    assert (await visitor.get("/api/v1/auth/me")).json()["user"]["username"] == "Alice"


async def test_an_old_cookie_opens_nothing_after_sign_out(bob: Caller, people: People):
    await bob.post("/api/v1/auth/logout")
    bob.cookies.set(auth.COOKIE, people.sessions["bob"].token)
    assert (await bob.get("/api/v1/auth/me")).status_code == 401


async def test_a_change_by_cookie_without_its_csrf_token_is_refused(bob: Caller, people: People):
    for token in ("", "wrong", people.sessions["charlie"].csrf_token):
        answer = await bob.post("/api/v1/auth/logout", headers={auth.CSRF_HEADER: token})
        assert answer.status_code == 403
        assert answer.json()["code"] == "csrf_refused"
    assert (await bob.get("/api/v1/auth/me")).status_code == 200


async def test_another_sites_page_cannot_sign_somebody_in(people: People, visitor: Caller):
    credentials = {"email": "bob@example.org", "password": PASSWORD}
    answer = await visitor.post(
        "/api/v1/auth/login", json=credentials, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    answer = await visitor.post(
        "/api/v1/auth/login", json=credentials, headers={"Origin": "http://localhost:3000"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "https://evil.example", "Authorization": "Bearer x"},
        {"Authorization": "Bearer llmui_x"},
        {"Authorization": "Basic Ym9iOmJvYg=="},
        {"Authorization": ""},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_what_looks_like_a_key_does_not_make_another_sites_page_ours(
    visitor: Caller, more: dict[str, str]
):
    """A check that a nonsense key switches off: the browser of whoever sits at this machine, on
    somebody else's page, makes no account, signs nobody in, and reads nothing."""
    for path in ("register", "login", "invitation", "invitation/accept", "reset", "reset/accept"):
        answer = await visitor.post(f"/api/v1/auth/{path}", json=ALICE, headers=more)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused"), path
        assert "access-control-allow-origin" not in answer.headers
    assert (await visitor.get("/api/v1/auth/registration")).json()["is_new"] is True


async def test_signing_in_is_announced_to_no_other_sites_page(visitor: Caller):
    """A check that a nonsense key switches off."""
    asked = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    for path in ("register", "login", "registration", "me"):
        for method, headers in (
            ("OPTIONS", asked),
            ("GET", {**asked, "Authorization": "Bearer x"}),
        ):
            answer = await visitor.request(method, f"/api/v1/auth/{path}", headers=headers)
            assert "access-control-allow-origin" not in answer.headers, path


@pytest.mark.parametrize("language", LANGUAGES)
async def test_errors_are_problems_in_the_callers_language(visitor: Caller, language: str):
    answer = await visitor.post(
        "/api/v1/auth/register",
        json=ALICE | {"password": "short"},
        headers={"Accept-Language": language},
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["field"]) == ("invalid_input", "password")
    told = translate("error.password_short", language, minimum=passwords.MIN_LENGTH)
    assert problem["detail"] == told


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"email": 5}', b'{"email": "a", "password": null}']
)
async def test_a_broken_body_is_a_clear_refusal(visitor: Caller, body: bytes):
    answer = await visitor.post(
        "/api/v1/auth/login", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == ("bad_json" if body == b"{" else "invalid_input")


async def test_a_huge_body_is_refused(visitor: Caller):
    answer = await visitor.post("/api/v1/auth/login", content=b"x" * 3_000_000)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


async def test_too_many_wrong_passwords_say_how_long_to_wait(people: People, visitor: Caller):
    for _ in range(7):
        answer = await visitor.post(
            "/api/v1/auth/login", json={"email": "bob@example.org", "password": "wrong"}
        )
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


async def test_signing_in_leaves_a_name_for_the_browser_that_opens_nothing(
    people: People, visitor: Caller
):
    credentials = {"email": "bob@example.org", "password": PASSWORD}
    answer = await visitor.post("/api/v1/auth/login", json=credentials)
    browser = answer.cookies[auth.BROWSER_COOKIE]
    named = [
        each for each in answer.headers.get_list("set-cookie") if each.startswith("llm_ui_browser=")
    ]
    assert len(named) == 1
    assert "HttpOnly" in named[0]
    answer = await visitor.post("/api/v1/auth/login", json=credentials)
    assert answer.cookies[auth.BROWSER_COOKIE] == browser
    visitor.cookies.clear()
    visitor.cookies.set(auth.BROWSER_COOKIE, browser)
    assert (await visitor.get("/api/v1/auth/me")).status_code == 401


@pytest.mark.parametrize(
    "value", ["", "a b", '"\\303\\251"', "x" * 5000, "\u00e9", "a%00b", "<script>"]
)
async def test_a_name_of_a_browser_that_is_none_of_ours_is_replaced(
    people: People, visitor: Caller, value: str
):
    visitor.headers["Cookie"] = f"{auth.BROWSER_COOKIE}={value}"
    credentials = {"email": "bob@example.org", "password": PASSWORD}
    answer = await visitor.post("/api/v1/auth/login", json=credentials)
    assert answer.status_code == 200
    assert len(answer.cookies[auth.BROWSER_COOKIE]) == 43
