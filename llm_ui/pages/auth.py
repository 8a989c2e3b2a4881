"""Sign in and create an account."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.brand import brand
from llm_ui.components.text import t
from llm_ui.react import auth_form
from llm_ui.states.auth import AuthState

POINTS = (
    ("shield", "auth.point_private"),
    ("zap", "auth.point_fast"),
    ("archive", "auth.point_kept"),
)


def _labels() -> dict[str, rx.Var[str]]:
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
    """A glimpse of the product: a question, and an answer being written."""
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
            rx.el.p(t("app.tagline"), class_name="lu-door__tagline"),
            rx.el.ul(*[_point(*point) for point in POINTS], class_name="lu-points"),
        ),
        class_name="lu-door__side",
    )


def _page(mode: Literal["login", "register"], title: Any, submit: Any, other: Any) -> rx.Component:
    note = rx.cond(
        AuthState.is_new_installation,
        rx.el.p(t("auth.first_account"), class_name="lu-door__note"),
    )
    form = rx.el.div(
        rx.el.div(brand(), class_name="lu-door__brand"),
        rx.el.h1(title, class_name="lu-door__title"),
        auth_form(mode=mode, labels={**_labels(), "submit": submit}),
        other,
        note if mode == "register" else None,
        class_name="lu-door__form",
    )
    return rx.el.div(_side(), rx.el.main(form, class_name="lu-door__main"), class_name="lu-door")


def _other(question: Any, link: Any, href: str) -> rx.Component:
    return rx.el.p(
        question, " ", ui.link(link, href=href, class_name="lu-link"), class_name="lu-door__other"
    )


def login() -> rx.Component:
    """Sign in."""
    other = _other(t("auth.no_account"), t("auth.to_register"), "/register")
    return _page("login", t("auth.login_title"), t("auth.login_submit"), other)


def register_page() -> rx.Component:
    """Create an account."""
    other = _other(t("auth.have_account"), t("auth.to_login"), "/login")
    return _page("register", t("auth.register_title"), t("auth.register_submit"), other)


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    guest = [AuthState.require_guest]
    app.add_page(login, route="/login", title=t("auth.login_page"), on_load=guest)
    app.add_page(register_page, route="/register", title=t("auth.register_page"), on_load=guest)
