"""Signing in and out from the browser."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, Route, expect

LABELS = {
    "email": "Email",
    "username": "Name",
    "password": "Password",
    "password_hint": "At least 12 characters",
    "show_password": "Show password",
    "hide_password": "Hide password",
    "submit": "Continue",
    "busy": "One moment",
    "unreachable": "Nobody answers",
}


def show(page: Page, mode: str = "login") -> None:
    page.evaluate(
        "(props) => lab.show({kind: 'AuthForm', props})", {"mode": mode, "labels": LABELS}
    )


def answer(page: Page, path: str, status: int, body: dict[str, Any]) -> list[Any]:
    asked: list[Any] = []

    def fulfil(route: Route) -> None:
        asked.append(route.request)
        route.fulfill(status=status, json=body)

    page.route(f"**/api/v1/auth/{path}", fulfil)
    return asked


def test_login_goes_on_to_next(page: Page) -> None:
    page.goto(page.url + "?next=/index.html%3Fdone")
    page.wait_for_function("window.lab")
    asked = answer(page, "login", 200, {"user": {}, "csrf_token": "t"})
    show(page)
    page.get_by_test_id("login-email").fill("a@b.c")
    page.get_by_test_id("login-password").fill("secret")
    page.get_by_test_id("login-submit").click()
    page.wait_for_url("**/index.html?done")
    assert json.loads(asked[0].post_data) == {"email": "a@b.c", "password": "secret"}
    assert asked[0].headers["accept-language"] == "en"


def test_register_sends_all_three(page: Page) -> None:
    page.route("**/chat", lambda route: route.fulfill(body="here"))
    asked = answer(page, "register", 201, {"user": {}, "csrf_token": "t"})
    show(page, "register")
    page.get_by_test_id("register-email").fill("a@b.c")
    page.get_by_test_id("register-username").fill("ann")
    page.get_by_test_id("register-password").fill("secret")
    page.get_by_test_id("register-submit").click()
    page.wait_for_url("**/chat")
    assert set(json.loads(asked[0].post_data)) == {"email", "username", "password"}


def test_a_refusal_keeps_what_was_typed(page: Page) -> None:
    answer(page, "login", 401, {"code": "bad", "detail": "Wrong <b>password</b>", "field": "email"})
    show(page)
    page.get_by_test_id("login-email").fill("a@b.c")
    page.get_by_test_id("login-password").fill("secret")
    page.get_by_test_id("login-password").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong <b>password</b>")
    expect(page.get_by_test_id("login-email")).to_have_value("a@b.c")
    expect(page.get_by_test_id("login-email")).to_be_focused()
    expect(page.get_by_test_id("login-email")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_test_id("login-password")).to_have_value("secret")
    expect(page.get_by_test_id("login-submit")).to_be_enabled()


def test_nobody_answers(page: Page) -> None:
    page.route("**/api/v1/auth/login", lambda route: route.abort())
    show(page)
    page.get_by_test_id("login-email").fill("a@b.c")
    page.get_by_test_id("login-password").fill("secret")
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_role("alert")).to_have_text("Nobody answers")


def test_the_password_can_be_seen(page: Page) -> None:
    show(page)
    field = page.get_by_test_id("login-password")
    field.fill("secret")
    page.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide password").click()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_attribute("autocomplete", "current-password")


def test_signing_out_sends_the_token(page: Page) -> None:
    page.route("**/login", lambda route: route.fulfill(body="here"))
    answer(page, "me", 200, {"user": {}, "csrf_token": "t0ken"})
    asked = answer(page, "logout", 204, {})
    page.evaluate("lab.show({kind: 'SignOutButton', props: {label: 'Sign out'}})")
    page.get_by_test_id("sign-out").click()
    page.wait_for_url("**/login")
    assert asked[0].headers["x-csrf-token"] == "t0ken"


def show_setup(page: Page, *, needs: bool) -> None:
    page.evaluate(
        "(props) => lab.show({kind: 'SetupForm', props})", {"needs": needs, "labels": LABELS}
    )


def test_the_first_account_takes_the_link_of_the_start_along(page: Page) -> None:
    page.route("**/chat", lambda route: route.fulfill(body="here"))
    asked = answer(page, "register", 201, {"user": {}, "csrf_token": "t"})
    page.evaluate("sessionStorage.setItem('lu-link', 'the-token')")
    show_setup(page, needs=True)
    page.get_by_test_id("register-email").fill("a@b.c")
    page.get_by_test_id("register-username").fill("ann")
    page.get_by_test_id("register-password").fill("secret")
    page.get_by_test_id("register-submit").click()
    page.wait_for_url("**/chat")
    assert json.loads(asked[0].post_data)["setup_token"] == "the-token"
    assert page.evaluate("sessionStorage.getItem('lu-link')") is None


def test_without_the_link_nobody_makes_the_first_account_from_elsewhere(page: Page) -> None:
    show_setup(page, needs=True)
    expect(page.get_by_test_id("setup-elsewhere")).to_be_attached()
    expect(page.get_by_test_id("register-submit")).to_have_count(0)


def test_at_the_machine_itself_the_form_is_there(page: Page) -> None:
    show_setup(page, needs=False)
    expect(page.get_by_test_id("register-submit")).to_be_enabled()
