"""One's own account."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.accounts.api_keys import key_dialogs, own_keys
from llm_ui.components.accounts.password_confirmation import confirm_dialog
from llm_ui.components.frames.client_frame import client_page
from llm_ui.components.layout.user_menu import languages, themes
from llm_ui.components.text import t, when
from llm_ui.components.ui import settings
from llm_ui.react import enter_choice
from llm_ui.schemas.accounts.account import BrowserItem
from llm_ui.schemas.chats.views import ModelItem
from llm_ui.schemas.prompts.prompts import PromptItem
from llm_ui.states.accounts.account import LEAVE, AccountState
from llm_ui.states.accounts.api_keys import KeysState
from llm_ui.states.accounts.export import ExportState
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState

# How soon the page refreshes the progress of the archive.
ARCHIVE_LOOK_MS = 1000


def _word(name: str, label: Any, autofill: str, **props: Any) -> rx.Component:
    """A password field."""
    return ui.field(
        label, name, type="password", required=True, auto_complete=autofill, max_length=256, **props
    )


def _form(
    form: str, problem: rx.Var[str], submit: Any, *fields: Any, on_submit: Any
) -> rx.Component:
    return rx.el.form(
        rx.el.div(*fields, class_name="lu-fields"),
        settings.trouble(problem, test_id=f"{form}-problem"),
        rx.el.div(
            ui.button(submit, look="primary", type="submit", data_testid=f"{form}-save"),
            class_name="lu-section__actions",
        ),
        key=form + AccountState.forms.to_string(),
        on_submit=on_submit,
        class_name="lu-section__form",
    )


def _profile() -> rx.Component:
    account = AccountState.account
    return settings.section(
        t("account.profile"),
        _form(
            "profile",
            AccountState.profile_problem,
            t("common.save"),
            ui.field(
                t("auth.username"),
                "username",
                default_value=account.username,
                max_length=64,
                required=True,
                auto_complete="username",
                data_testid="account-username",
            ),
            ui.field(
                t("auth.email"),
                "email",
                default_value=account.email,
                type="email",
                max_length=254,
                required=True,
                auto_complete="email",
                data_testid="account-email",
            ),
            ui.field(
                t("account.current"),
                "profile-password",
                type="password",
                max_length=256,
                hint=t("account.email_hint"),
                auto_complete="current-password",
                data_testid="account-email-password",
            ),
            on_submit=lambda data: AccountState.save_profile(
                data.to(dict[str, str])["username"],
                data.to(dict[str, str])["email"],
                data.to(dict[str, str])["profile-password"],
            ),
        ),
    )


def _password() -> rx.Component:
    return settings.section(
        t("account.password"),
        _form(
            "password",
            AccountState.sign_in_problem,
            t("account.password_save"),
            _word(
                "current",
                t("account.current"),
                "current-password",
                data_testid="account-current",
            ),
            _word(
                "fresh",
                t("account.fresh"),
                "new-password",
                min_length=8,
                hint=t("auth.password_hint"),
                data_testid="account-fresh",
            ),
            on_submit=lambda data: AccountState.change_password(
                data.to(dict[str, str])["current"], data.to(dict[str, str])["fresh"]
            ),
        ),
        text=t("account.password_text"),
    )


def _model_option(model: rx.Var[ModelItem]) -> rx.Component:
    return rx.el.option(
        model.name + " · " + model.provider, value=model.id, disabled=~model.available
    )


def _prompt_option(prompt: rx.Var[PromptItem]) -> rx.Component:
    return rx.el.option(prompt.name, value=prompt.id)


def _preferences() -> rx.Component:
    account = AccountState.account
    model = settings.choice(
        rx.fragment(
            rx.el.option(t("account.model_any"), value=""),
            rx.foreach(AccountState.models, _model_option),
        ),
        label=t("account.model"),
        value=account.default_model_id,
        on_change=AccountState.choose_model,
        data_testid="account-model",
    )
    prompt = settings.choice(
        rx.fragment(
            rx.el.option(t("account.prompt_none"), value=""),
            rx.foreach(AccountState.prompts, _prompt_option),
        ),
        label=t("account.prompt"),
        value=account.default_prompt_id,
        on_change=AccountState.choose_prompt,
        data_testid="account-prompt",
    )
    titles = settings.switch(
        t("account.titles"),
        account.auto_titles,
        on_click=AccountState.set_auto_titles(~account.auto_titles),
        data_testid="account-titles",
    )
    enter = enter_choice(
        {
            "title": t("account.enter"),
            "auto": t("account.enter_auto"),
            "send": t("account.enter_send"),
            "line": t("account.enter_line"),
        }
    )
    return settings.section(
        t("account.preferences"),
        settings.setting(
            t("user_menu.theme"), t("account.theme_text"), themes("radio", "account-")
        ),
        settings.setting(t("user_menu.language"), None, languages("radio", "account-")),
        settings.setting(t("account.enter"), t("account.enter_text"), enter),
        settings.setting(t("account.model"), t("account.model_text"), model),
        settings.setting(t("account.prompt"), t("account.prompt_text"), prompt),
        settings.setting(t("account.titles"), t("account.titles_text"), titles),
    )


def _browser(browser: rx.Var[BrowserItem]) -> rx.Component:
    program = rx.cond(browser.program != "", browser.program, t("account.unknown_program"))
    words = rx.cond(
        browser.system != "",
        t("account.program_on", program=program, system=browser.system),
        program,
    )
    end = rx.cond(
        browser.is_current,
        ui.badge(t("account.this_browser"), "ok"),
        ui.button(
            t("user_menu.sign_out"),
            small=True,
            on_click=AccountState.end_browser(browser.id),
            data_testid="end-session",
        ),
    )
    return rx.el.li(
        settings.setting(
            words,
            t("account.seen", address=browser.address, when=when(browser.last_seen_at)),
            end,
            data_testid="session-row",
        ),
        key=browser.id,
    )


def _browsers() -> rx.Component:
    others = rx.cond(
        AccountState.browsers.length() > 1,
        rx.el.div(
            ui.button(
                t("account.end_others"),
                look="danger",
                on_click=AccountState.end_other_browsers,
                data_testid="end-other-sessions",
            ),
            class_name="lu-section__actions",
        ),
    )
    return settings.section(
        t("account.browsers"),
        rx.el.ul(rx.foreach(AccountState.browsers, _browser), class_name="lu-stack lu-gap-4"),
        others,
        text=t("account.browsers_text"),
    )


def _archive() -> rx.Component:
    """The same archive, prepared in the background."""
    archive = ExportState.archive
    prepare = ui.button(
        ui.icon("package", 16),
        t("account.archive_prepare"),
        on_click=ExportState.prepare_export,
        data_testid="archive-prepare",
    )
    take = rx.el.a(
        ui.icon("download", 16),
        t("account.archive_take"),
        href=archive.link,
        download=True,
        custom_attrs={"reloadDocument": True},
        class_name="lu-button lu-button--primary",
        data_testid="archive-take",
    )
    again = ui.icon_button(
        "refresh-cw",
        t("account.archive_again"),
        on_click=ExportState.prepare_export,
        data_testid="archive-again",
    )
    bar = rx.el.progress(
        value=archive.progress,
        max=1,
        aria_label=t("account.archive_title"),
        class_name="lu-progress lu-archive__bar",
        data_testid="archive-progress",
    )
    words = rx.cond(
        ExportState.is_preparing,
        rx.cond(archive.note != "", archive.note, t("account.archive_waiting")),
        rx.cond(
            archive.link != "",
            archive.made,
            rx.cond(archive.error != "", archive.error, t("account.archive_text")),
        ),
    )
    control = rx.cond(
        ExportState.is_preparing,
        bar,
        rx.cond(archive.link != "", rx.fragment(again, take), prepare),
    )
    look = ui.timer(
        ms=ARCHIVE_LOOK_MS,
        of=ExportState.beat.to_string(),
        awake=True,
        on_done=ExportState.load_export,
    )
    return rx.fragment(
        settings.setting(t("account.archive_title"), words, control, data_testid="own-archive"),
        rx.cond(ExportState.is_preparing, look),
    )


def _data() -> rx.Component:
    export = rx.el.a(
        ui.icon("download", 16),
        t("account.export"),
        href="/api/v1/account/export",
        download=True,
        # A download rather than a page of the app.
        custom_attrs={"reloadDocument": True},
        class_name="lu-button lu-button--plain",
        data_testid="export",
    )
    leave = ui.button(
        t("account.delete"),
        look="danger",
        on_click=ui.open_dialog(LEAVE),
        data_testid="delete-account",
    )
    return settings.section(
        t("account.data"),
        settings.setting(t("account.export_title"), t("account.export_text"), export),
        _archive(),
        settings.setting(t("account.delete_title"), t("account.delete_text"), leave),
    )


def _leave_dialog() -> rx.Component:
    word = ui.field(
        t("account.delete_type", word=t("account.delete_word")),
        "leave-word",
        required=True,
        auto_complete="off",
        max_length=40,
        data_testid="leave-word",
    )
    current, name = t("account.current"), "leave-password"
    return ui.form_dialog(
        LEAVE,
        ui.fields(_word(name, current, "current-password", data_testid=name), word),
        settings.trouble(AccountState.leave_problem, test_id="delete-problem"),
        before=[ui.dialog_text(t("account.delete_warning"))],
        title=t("account.delete_title"),
        submit=t("account.delete"),
        submit_id="leave-submit",
        danger=True,
        on_submit=ui.values_of(AccountState.delete_account, "leave-password", "leave-word"),
        test_id="delete-account-dialog",
    )


def _waiting() -> rx.Component:
    cards = [
        rx.el.div(ui.skeleton("20%"), ui.skeleton("60%", "36px"), class_name="lu-card lu-stat")
        for _ in range(4)
    ]
    return ui.waiting(*cards, label=t("app.loading"), class_name="lu-stack lu-gap-3")


def account() -> rx.Component:
    """Profile, password, preferences, sessions, data."""
    body = rx.fragment(_profile(), _preferences(), _password(), _browsers(), own_keys(), _data())
    return rx.fragment(
        client_page(
            t("account.title"),
            t("account.subtitle"),
            rx.cond(AccountState.loaded, body, _waiting()),
            test_id="account-page",
        ),
        _leave_dialog(),
        key_dialogs(),
        confirm_dialog(),
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(
        account,
        route="/account",
        title=t("account.page"),
        on_load=[
            AuthState.require_user,
            ChatState.load_beside,
            AccountState.load_account,
            KeysState.load_keys,
            ExportState.load_export,
        ],
    )
