"""Dialogs of the Users admin page: invite or create, show a link, confirm, delete."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.accounts.password_confirmation import confirm_dialog
from llm_ui.components.text import t, when
from llm_ui.components.ui import settings
from llm_ui.schemas.accounts.users import PersonItem
from llm_ui.states.accounts.users import ASK, CREATE, DELETE, INVITE, LINK, PeopleState

S = PeopleState
ROLES = ("user", "admin")


def _invite_dialog() -> rx.Component:
    f, hint = ui.Fields("invite"), t("users.invite_email_hint")
    email = f.line("email", t("users.invite_email"), hint=hint, type="email", max_length=254)
    return ui.form_dialog(
        INVITE,
        ui.fields(
            email,
            f.choice("role", t("users.role"), ui.options("users.role.", ROLES)),
            f.choice("days", t("users.days"), ui.options("users.days.", ("7", "1", "30"))),
            settings.trouble(S.problem, test_id="invite-problem"),
        ),
        title=t("users.invite_title"),
        submit=t("users.make_link"),
        on_submit=ui.values_of(S.invite, "invite-email", "invite-role", "invite-days"),
        test_id=INVITE,
    )


def _create_dialog() -> rx.Component:
    f = ui.Fields("create")
    return ui.form_dialog(
        CREATE,
        ui.fields(
            ui.dialog_text(t("users.create_hint")),
            f.line("email", t("auth.email"), type="email", required=True, max_length=254),
            f.line("name", t("users.name"), max_length=64, required=True),
            f.choice("role", t("users.role"), ui.options("users.role.", ROLES)),
            settings.trouble(S.problem, test_id="create-problem"),
        ),
        title=t("users.create_title"),
        submit=t("users.create"),
        on_submit=ui.values_of(S.create, "create-email", "create-name", "create-role"),
        test_id=CREATE,
    )


def _link_dialog() -> rx.Component:
    until = when(S.handed_until)
    what = rx.match(
        S.handed,
        ("invite_for", t("users.link_invite_for", email=S.handed_to, when=until)),
        ("reset", t("users.link_reset", name=S.handed_to, when=until)),
        ("welcome", t("users.link_welcome", name=S.handed_to, when=until)),
        t("users.link_invite", when=until),
    )
    link = rx.el.input(
        id="handed-link",
        read_only=True,
        aria_label=t("users.link"),
        auto_complete="off",
        class_name="lu-input lu-people__link",
        data_testid="handed-link",
    )
    copy = ui.button(
        rx.el.span(t("common.copy"), class_name="lu-people__copy"),
        rx.el.span(t("common.copied"), class_name="lu-people__copied", aria_live="polite"),
        look="primary",
        custom_attrs={"data-lu": "copy-field", "data-field": "handed-link"},
        data_testid="copy-link",
    )
    done = ui.button(t("users.done"), on_click=ui.close_dialog(LINK), data_testid="link-done")
    return ui.dialog(
        LINK,
        ui.dialog_text(what),
        rx.el.div(link, copy, class_name="lu-people__hand"),
        ui.actions(done),
        title=t("users.link_title"),
        wide=True,
        test_id=LINK,
    )


def _ask_dialog() -> rx.Component:
    def words(part: str) -> rx.Var[str]:
        def one(what: str) -> rx.Var[str]:
            return t(f"users.{what}{part}", name=S.chosen.username)

        promote, demote = ("promote", one("promote")), ("demote", one("demote"))
        return rx.match(S.asked, promote, demote, one("disable"))

    return ui.confirm(
        ASK, words("_text"), title=words("_title"), yes=words(""), on_yes=S.do_asked, test_id=ASK
    )


def _way(value: str, key: str) -> rx.Component:
    radio = rx.el.input(
        type="radio",
        name="delete-what",
        value=value,
        default_checked=value == "all",
        data_testid=f"delete-{value}",
    )
    return rx.el.label(radio, rx.el.span(t(key)), class_name="lu-people__way")


def _delete_dialog() -> rx.Component:
    def heir(person: rx.Var[PersonItem]) -> rx.Component:
        return rx.el.option(person.username, value=person.email)

    def delete(data: rx.Var[dict[str, str]]) -> Any:
        sent = data.to(dict[str, str])
        keeps = sent["delete-what"] == "keep"
        return S.delete_person(sent["delete-email"], keeps, sent["delete-heir"])

    f = ui.Fields("delete")
    whom = f.line(
        "heir",
        t("users.heir"),
        type="email",
        list="delete-heirs",
        on_change=S.look_for_heirs.debounce(ui.REST_MS),
        max_length=254,
    )
    ways = rx.el.fieldset(
        rx.el.legend(t("users.delete_what"), class_name="lu-field__label"),
        _way("all", "users.delete_all"),
        _way("keep", "users.delete_keep"),
        rx.el.div(
            whom,
            rx.el.datalist(rx.foreach(S.heirs, heir), id="delete-heirs"),
            class_name="lu-people__heir",
        ),
        class_name="lu-people__ways",
    )
    email = f.line(
        "email",
        t("users.delete_confirm", email=S.chosen.email),
        required=True,
        auto_capitalize="none",
        spell_check=False,
        max_length=254,
    )
    return ui.form_dialog(
        DELETE,
        ui.fields(
            ui.dialog_text(t("users.delete_text")),
            ways,
            rx.el.p(t("users.delete_hint"), class_name="lu-field__hint"),
            email,
            settings.trouble(S.problem, test_id="delete-problem"),
        ),
        title=t("users.delete_title", name=S.chosen.username),
        submit=t("users.delete"),
        danger=True,
        on_submit=delete,
        test_id=DELETE,
    )


def user_dialogs() -> rx.Component:
    """All dialogs of the page."""
    forms = (_invite_dialog(), _create_dialog(), _link_dialog(), _ask_dialog(), _delete_dialog())
    return rx.fragment(*forms, confirm_dialog())
