"""API keys in lists, and the dialogs around them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.keys import KeyItem
from llm_ui.states.auth import AuthState
from llm_ui.states.keys import FORM, NEVER, SHOWN, KeysState

DAYS = (30, 90, 365)
_TONES = (("active", "ok"), ("expired", "warn"))


def key_state(key: rx.Var[KeyItem]) -> rx.Component:
    """Whether a key opens anything."""
    return ui.badge(t_of("keys_api.state.", key.state), rx.match(key.state, *_TONES, "quiet"))


def key_words(key: rx.Var[KeyItem]) -> rx.Component:
    """When a key was used, and how long it lasts."""
    used = rx.cond(
        key.last_used_at != "",
        t("keys_api.used", when=when(key.last_used_at)),
        t("keys_api.unused"),
    )
    lasts = rx.cond(
        key.expires_at != "", t("keys_api.until", when=when(key.expires_at)), t("keys_api.always")
    )
    return rx.fragment(used, " · ", lasts)


def _row(key: rx.Var[KeyItem]) -> rx.Component:
    actions = rx.cond(
        key.state == "active",
        rx.fragment(
            ui.button(
                t("keys_api.rotate"), small=True, on_click=KeysState.rotate_key(key.id),
                data_testid="key-rotate",
            ),
            ui.button(
                t("keys_api.revoke"), small=True, look="danger",
                on_click=KeysState.revoke_key(key.id), data_testid="key-revoke",
            ),
        ),
    )  # fmt: skip
    title = rx.el.span(
        key.name, " ", rx.el.code(key.prefix, "…", class_name="lu-key__prefix"), " ", key_state(key)
    )
    scopes = rx.foreach(key.scopes, lambda each: rx.el.span(t_of("keys_api.scope.", each), " · "))
    return rx.el.li(
        settings.setting(
            title, rx.fragment(scopes, key_words(key)), actions, data_testid="key-row"
        ),
        key=key.id,
    )


def own_keys() -> rx.Component:
    """The section of the account page."""
    make = ui.button(
        ui.icon("plus", 16),
        t("keys_api.new"),
        on_click=rx.run_script(f"document.getElementById('{FORM}').showModal()"),
        data_testid="key-new",
    )
    rows = rx.el.ul(rx.foreach(KeysState.keys, _row), class_name="lu-settings")
    return settings.section(
        t("keys_api.title"),
        rx.cond(KeysState.keys.length() > 0, rows),
        rx.el.div(make, class_name="lu-section__actions"),
        text=t("keys_api.text"),
    )


def _scopes() -> list[rx.Component]:
    def option(name: str) -> rx.Component:
        return rx.el.option(t(f"keys_api.scope.{name}"), value=name)

    return [option("read"), option("chat"), rx.cond(AuthState.is_admin, option("admin"))]


def key_dialogs() -> rx.Component:
    """The form for a new key, and the key itself, shown once."""
    shut = rx.run_script(f"document.getElementById('{FORM}').close()")
    days = [rx.el.option(t("log.keep_days", count=each), value=str(each)) for each in DAYS]
    form = rx.el.form(
        rx.el.div(
            ui.field(
                t("keys_api.name"), "key-name", required=True, max_length=100,
                auto_complete="off", hint=t("keys_api.name_hint"), data_testid="key-name",
            ),
            ui.select_field(
                t("keys_api.scope"), "key-scope", *_scopes(), default_value="chat",
                data_testid="key-scope",
            ),
            ui.select_field(
                t("keys_api.expires"), "key-days", *days,
                rx.el.option(t("keys_api.never"), value=NEVER), default_value="90",
                data_testid="key-days",
            ),
            class_name="lu-fields",
        ),
        settings.trouble(KeysState.problem, test_id="key-problem"),
        rx.el.div(
            ui.button(t("common.cancel"), on_click=shut),
            ui.button(
                t("keys_api.create"), look="primary", type="submit", data_testid="key-create"
            ),
            class_name="lu-dialog__actions",
        ),
        on_submit=lambda data: KeysState.create_key(
            data.to(dict[str, str])["key-name"],
            data.to(dict[str, str])["key-scope"],
            data.to(dict[str, str])["key-days"],
        ),
        key=KeysState.forms.to_string(),
    )  # fmt: skip
    return rx.fragment(
        settings.dialog(FORM, form, title=t("keys_api.new"), test_id="key-dialog"),
        _shown(),
    )


def _shown() -> rx.Component:
    field = f"{SHOWN}-key"
    copied: Any = rx.run_script(
        f"navigator.clipboard?.writeText(document.getElementById('{field}').value)"
    )
    end = rx.run_script(
        f"(document.getElementById('{field}').value = '', "
        f"document.getElementById('{SHOWN}').close())"
    )
    return settings.dialog(
        SHOWN,
        rx.el.p(t("keys_api.once"), class_name="lu-dialog__text"),
        rx.el.input(
            id=field, read_only=True, aria_label=t("keys_api.key"),
            class_name="lu-input lu-key__whole", data_testid="key-value",
        ),
        rx.el.div(
            ui.button(t("keys_api.copy"), on_click=copied, data_testid="key-copy"),
            ui.button(t("keys_api.done"), look="primary", on_click=end, data_testid="key-done"),
            class_name="lu-dialog__actions",
        ),
        title=t("keys_api.made"),
        test_id="key-shown",
    )  # fmt: skip
