"""Everybody's API keys."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.keys import key_state, key_words
from llm_ui.components.text import t, t_of, when
from llm_ui.schemas.keys import KeyItem
from llm_ui.states.auth import AuthState
from llm_ui.states.keys import AllKeysState as State

REST_MS = 250


def _row(key: rx.Var[KeyItem]) -> rx.Component:
    revoke = rx.cond(
        key.state == "active",
        ui.button(
            t("keys_api.revoke"),
            small=True,
            look="danger",
            on_click=State.revoke_any_key(key.id),
            data_testid="key-revoke",
        ),
    )
    scopes = rx.foreach(key.scopes, lambda each: rx.el.div(t_of("keys_api.scope.", each)))
    return rx.el.tr(
        rx.el.td(
            rx.el.span(key.name, class_name="lu-table__name"),
            rx.el.code(key.prefix, "…", class_name="lu-table__detail lu-key__prefix"),
            class_name="lu-table__wide",
        ),
        rx.el.td(key.owner),
        rx.el.td(scopes),
        rx.el.td(key_state(key)),
        rx.el.td(key_words(key), class_name="lu-key__use"),
        rx.el.td(when(key.created_at), class_name="lu-table__quiet"),
        rx.el.td(revoke, class_name="lu-table__num"),
        data_testid="key-row",
        key=key.id,
    )


def _list() -> rx.Component:
    headings = (
        (t("keys_api.name"), ""),
        (t("admin.event_user"), ""),
        (t("keys_api.scope"), ""),
        (t("admin.provider_status"), ""),
        (t("keys_api.use"), ""),
        (t("keys_api.created"), ""),
        (rx.el.span(t("keys_api.actions"), class_name="lu-sr"), "lu-table__num"),
    )
    table = ui.table(headings, rx.foreach(State.keys, _row), label=t("keys_api.title"),
                     test_id="keys-table")  # fmt: skip
    nothing = ui.empty_state(
        rx.cond(State.query != "", t("log.no_match_title"), t("keys_api.empty_title")),
        rx.cond(State.query != "", t("keys_api.no_match"), t("keys_api.empty_text")),
        test_id="keys-empty",
    )
    more = rx.cond(
        State.has_more,
        rx.el.div(
            ui.button(t("log.more"), on_click=State.load_more_keys, data_testid="keys-more"),
            class_name="lu-card__more",
        ),
    )
    return ui.card(rx.cond(State.keys.length() > 0, rx.fragment(table, more), nothing))


def _search() -> rx.Component:
    field = rx.el.input(
        type="search",
        placeholder=t("keys_api.search"),
        aria_label=t("keys_api.search"),
        max_length=200,
        auto_complete="off",
        on_change=State.look_for_keys.debounce(REST_MS),
        class_name="lu-input lu-filters__search",
        data_testid="keys-search",
    )
    return rx.el.div(field, class_name="lu-filters")


def _waiting() -> rx.Component:
    lines = [ui.skeleton(width) for width in ("72%", "64%", "80%", "58%")]
    names = "lu-lines__waiting lu-section"
    return ui.card(ui.waiting(*lines, label=t("app.loading"), class_name=names))


def keys() -> rx.Component:
    """The page."""
    return admin_page(
        "/admin/keys",
        t("keys_api.title"),
        t("keys_api.admin_text"),
        rx.cond(State.loaded, rx.fragment(_search(), _list()), _waiting()),
        test_id="keys-page",
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        keys,
        route="/admin/keys",
        title=t("keys_api.page"),
        on_load=[AuthState.require_admin, State.load_all_keys],
    )
