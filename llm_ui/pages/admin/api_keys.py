"""Everybody's API keys."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.accounts.api_keys import key_status, key_words
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.text import t, t_of, when
from llm_ui.schemas.accounts.api_keys import KeyItem
from llm_ui.states.accounts.api_keys import AllKeysState as State

Key = rx.Var[KeyItem]


def _name(key: Key) -> Any:
    prefix = rx.el.code(key.prefix, "…", class_name="lu-table__detail lu-key__prefix")
    return rx.el.span(key.key_name, class_name="lu-table__name"), prefix


def _scopes(key: Key) -> rx.Component:
    return rx.foreach(key.scopes, lambda each: rx.el.div(t_of("api_keys.scope.", each)))


def _revoke(key: Key) -> rx.Component:
    end = State.revoke_any_key(key.id)
    button = ui.action(t("api_keys.revoke"), end, "key-revoke", look="danger")
    return rx.cond(key.status == "active", button)


def _list() -> rx.Component:
    columns = (
        ui.Column(t("api_keys.name"), _name, "lu-table__wide"),
        ui.Column(t("admin.event_user"), lambda key: key.owner),
        ui.Column(t("api_keys.scope"), _scopes),
        ui.Column(t("admin.provider_status"), key_status),
        ui.Column(t("api_keys.use"), key_words, "lu-key__use"),
        ui.Column(t("api_keys.created"), lambda key: when(key.created_at), "lu-table__quiet"),
        ui.Column(t("api_keys.actions"), _revoke, number=True, unseen=True),
    )
    table = ui.data_table(
        State.items, columns, label=t("api_keys.title"), test_id="keys-table", row_id="key-row"
    )
    nothing = ui.empty_state(
        rx.cond(State.query != "", t("audit.no_match_title"), t("api_keys.empty_title")),
        rx.cond(State.query != "", t("api_keys.no_match"), t("api_keys.empty_text")),
        test_id="keys-empty",
    )
    more = ui.card_more(State.has_more, State.load_more, "keys-more")
    return ui.card(rx.cond(State.items.length() > 0, rx.fragment(table, more), nothing))


def keys() -> rx.Component:
    """The page."""
    search = ui.search_field(
        t("api_keys.search"),
        State.look_for,
        "keys-search",
        class_name="lu-input lu-filters__search",
    )
    body = rx.fragment(rx.el.div(search, class_name="lu-filters"), _list())
    return admin_page(
        "/admin/keys",
        t("api_keys.title"),
        t("api_keys.admin_text"),
        rx.cond(State.loaded, body, ui.waiting_card("72%", "64%", "80%", "58%")),
        test_id="keys-page",
    )


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, keys, "/admin/keys", t("api_keys.page"), State.load_all_keys)
