"""Lists of API keys, and their dialogs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.accounts.api_keys import KeyItem
from llm_ui.states.accounts.api_keys import FORM, NEVER, SHOWN, KeysState
from llm_ui.states.auth_state import AuthState

DAYS = (30, 90, 365)
_TONES = (("active", "ok"), ("expired", "warn"))


def key_status(key: rx.Var[KeyItem]) -> rx.Component:
    """Whether a key is valid."""
    return ui.badge(t_of("api_keys.state.", key.status), rx.match(key.status, *_TONES, "quiet"))


def key_words(key: rx.Var[KeyItem]) -> rx.Component:
    """When a key was last used, and when it expires."""
    used = rx.cond(
        key.last_used != "",
        t("api_keys.used", when=when(key.last_used)),
        t("api_keys.unused"),
    )
    lasts = rx.cond(
        key.expires_at != "", t("api_keys.until", when=when(key.expires_at)), t("api_keys.always")
    )
    return rx.fragment(used, " · ", lasts)


def _row(key: rx.Var[KeyItem]) -> rx.Component:
    actions = rx.cond(
        key.status == "active",
        rx.fragment(
            ui.action(t("api_keys.rotate"), KeysState.rotate_key(key.id), "key-rotate"),
            ui.action(
                t("api_keys.revoke"), KeysState.revoke_key(key.id), "key-revoke", look="danger"
            ),
        ),
    )
    prefix = rx.el.code(key.prefix, "…", class_name="lu-key__prefix")
    title = rx.el.span(key.key_name, " ", prefix, " ", key_status(key))
    scopes = rx.foreach(key.scopes, lambda each: rx.el.span(t_of("api_keys.scope.", each), " · "))
    about = rx.fragment(scopes, key_words(key))
    return rx.el.li(settings.setting(title, about, actions, data_testid="key-row"), key=key.id)


def own_keys() -> rx.Component:
    """The API key section of the account page."""
    make = ui.button(
        ui.icon("plus", 16),
        t("api_keys.new"),
        on_click=ui.open_dialog(FORM),
        data_testid="key-new",
    )
    rows = rx.el.ul(rx.foreach(KeysState.keys, _row), class_name="lu-stack lu-gap-4")
    return settings.section(
        t("api_keys.title"),
        rx.cond(KeysState.keys.length() > 0, rows),
        rx.el.div(make, class_name="lu-section__actions"),
        text=t("api_keys.text"),
    )


def key_dialogs() -> rx.Component:
    """The form for a new key, and the dialog that shows the key once."""
    read, chat, admin = ui.options("api_keys.scope.", ("read", "chat", "admin"))
    days = [rx.el.option(t("audit.keep_days", count=each), value=str(each)) for each in DAYS]
    never = rx.el.option(t("api_keys.never"), value=NEVER)
    f = ui.Fields("key")
    form = ui.form_dialog(
        FORM,
        ui.fields(
            f.line(
                "name",
                t("api_keys.name"),
                required=True,
                max_length=100,
                hint=t("api_keys.name_hint"),
            ),
            f.choice(
                "scope",
                t("api_keys.scope"),
                [read, chat, rx.cond(AuthState.is_admin, admin)],
                "chat",
            ),
            f.choice("days", t("api_keys.expires"), [*days, never], "90"),
        ),
        settings.trouble(KeysState.problem, test_id="key-problem"),
        title=t("api_keys.new"),
        submit=t("api_keys.create"),
        on_submit=ui.values_of(KeysState.create_key, "key-name", "key-scope", "key-days"),
        test_id="key-dialog",
        submit_id="key-create",
    )
    return rx.fragment(form, _shown())


def _shown() -> rx.Component:
    field = f"{SHOWN}-key"
    copied: Any = rx.run_script(
        f"navigator.clipboard?.writeText(document.getElementById('{field}').value)"
    )
    end = ui.close_dialog(SHOWN)
    return ui.dialog(
        SHOWN,
        ui.dialog_text(t("api_keys.once")),
        rx.el.input(
            id=field,
            read_only=True,
            aria_label=t("api_keys.key"),
            class_name="lu-input lu-key__whole",
            data_testid="key-value",
        ),
        ui.actions(
            ui.button(t("api_keys.copy"), on_click=copied, data_testid="key-copy"),
            ui.button(t("api_keys.done"), look="primary", on_click=end, data_testid="key-done"),
        ),
        title=t("api_keys.made"),
        test_id="key-shown",
    )
