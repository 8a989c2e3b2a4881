"""Sign in, create an account (including the very first), open an administrator's link."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.layout.brand import brand
from llm_ui.components.text import t
from llm_ui.enums import SessionEnd
from llm_ui.react import auth_form, link_form, setup_form
from llm_ui.states.auth_state import AuthState

POINTS = (
    ("shield", "auth.point_private"),
    ("zap", "auth.point_fast"),
    ("archive", "auth.point_kept"),
)


def _labels() -> dict[str, Any]:
    return {
        "email": t("auth.email"),
        "username": t("auth.username"),
        "username_hint": t("auth.username_hint"),
        "password": t("auth.password"),
        "password_hint": t("auth.password_hint"),
        "show_password": t("auth.show_password"),
        "hide_password": t("auth.hide_password"),
        "busy": t("auth.busy"),
        "unreachable": t("auth.unreachable"),
    }


def _point(icon_name: str, key: str) -> rx.Component:
    return rx.el.li(ui.icon(icon_name, 18), rx.el.span(t(key)), class_name="lu-point")


def _sample() -> rx.Component:
    """A preview of the product: a question, and an answer being written."""
    caret = rx.el.span(class_name="lu-sample__caret")
    return rx.el.div(
        rx.el.p(t("auth.sample_question"), class_name="lu-sample__question"),
        rx.el.p(t("auth.sample_answer"), caret, class_name="lu-sample__answer"),
        class_name="lu-sample",
        custom_attrs={"aria-hidden": "true"},
    )


def _side() -> rx.Component:
    return rx.el.aside(
        brand(),
        _sample(),
        rx.el.div(
            rx.el.p(t("app.tagline"), class_name="lu-auth__tagline"),
            rx.el.ul(*[_point(*point) for point in POINTS], class_name="lu-points"),
        ),
        class_name="lu-auth__side",
    )


def _frame(title: Any, *body: Any) -> rx.Component:
    form = rx.el.div(
        rx.el.div(brand(), class_name="lu-auth__brand"),
        rx.el.h1(title, class_name="lu-auth__title"),
        *body,
        class_name="lu-auth__form",
    )
    return rx.el.div(_side(), rx.el.main(form, class_name="lu-auth__main"), class_name="lu-auth")


def _other(question: Any, link: Any, href: str) -> rx.Component:
    return rx.el.p(
        question, " ", ui.link(link, href=href, class_name="lu-link"), class_name="lu-auth__other"
    )


def _to_login() -> rx.Component:
    return _other(t("auth.have_account"), t("auth.to_login"), "/login")


def _may_register() -> rx.Var[bool]:
    return AuthState.registration == "open"


def login() -> rx.Component:
    """The sign-in page."""

    def quiet(key: str) -> rx.Component:
        return rx.el.p(t(key), class_name="lu-auth__other")

    other = rx.cond(
        _may_register(),
        _other(t("auth.no_account"), t("auth.to_register"), "/register"),
        rx.cond(
            AuthState.registration == "invite",
            quiet("auth.need_invitation"),
            quiet("auth.need_account"),
        ),
    )
    forgot = rx.el.p(t("auth.forgot"), class_name="lu-auth__note", data_testid="forgot")
    ended = {why: t(f"auth.ended.{why}") for why in SessionEnd}
    labels = {**_labels(), "submit": t("auth.login_submit"), "ended": ended}
    return _frame(t("auth.login_title"), auth_form(mode="login", labels=labels), other, forgot)


def _refused(title: str, text: str) -> rx.Component:
    return rx.el.div(
        rx.el.h2(t(title), class_name="lu-auth__over"),
        rx.el.p(t(text), class_name="lu-auth__text"),
        data_testid="registration-refused",
    )


def register_page() -> rx.Component:
    """The registration page, if registration is allowed."""
    labels = {**_labels(), "submit": t("auth.register_submit")}
    domains = rx.el.p(
        t("auth.domains", domains=AuthState.domains),
        class_name="lu-auth__text",
        data_testid="domains-note",
    )
    form = rx.fragment(
        rx.cond(AuthState.domains != "", domains),
        auth_form(mode="register", labels=labels),
    )
    refused = rx.cond(
        AuthState.registration == "invite",
        _refused("auth.invite_title", "auth.invite_text"),
        _refused("auth.closed_title", "auth.closed_text"),
    )
    return _frame(
        t("auth.register_title"),
        rx.cond(_may_register(), form, refused),
        _to_login(),
    )


def setup() -> rx.Component:
    """The first page of a new installation: creates its first account, the administrator's."""
    labels = {**_labels(), "submit": t("auth.register_submit")}
    elsewhere = rx.fragment(
        rx.el.h2(t("auth.setup_elsewhere_title"), class_name="lu-auth__over"),
        rx.el.p(t("auth.setup_elsewhere_text"), class_name="lu-auth__text"),
    )
    return _frame(
        t("auth.setup_title"),
        rx.el.p(t("auth.setup_text"), class_name="lu-auth__text", data_testid="setup-text"),
        setup_form(elsewhere, needs=AuthState.is_elsewhere, labels=labels),
    )


def _over() -> rx.Component:
    return rx.fragment(
        rx.el.h2(t("auth.link_over_title"), class_name="lu-auth__over"),
        rx.el.p(t("auth.link_over_text"), class_name="lu-auth__text"),
    )


def join() -> rx.Component:
    """Create an account from an invitation."""
    labels = {**_labels(), "submit": t("auth.register_submit")}
    return _frame(t("auth.join_title"), link_form(_over(), mode="join", labels=labels), _to_login())


def reset() -> rx.Component:
    """Set a password with a reset link."""
    labels = {
        **_labels(),
        "password": t("auth.new_password"),
        "submit": t("auth.reset_submit"),
        "end_keys": t("auth.end_keys"),
    }
    return _frame(
        t("auth.reset_title"),
        link_form(_over(), mode="reset", labels=labels),
        rx.el.p(t("auth.reset_note"), class_name="lu-auth__other"),
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    guest = [AuthState.require_guest]
    app.add_page(login, route="/login", title=t("auth.login_page"), on_load=guest)
    app.add_page(register_page, route="/register", title=t("auth.register_page"), on_load=guest)
    app.add_page(setup, route="/setup", title=t("auth.setup_page"), on_load=guest)
    # People who are signed in may open these links too: the link signs them in again.
    app.add_page(join, route="/join", title=t("auth.join_page"))
    app.add_page(reset, route="/reset", title=t("auth.reset_page"))
