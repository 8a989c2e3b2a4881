"""People: accounts, invitations, and the registration policy."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.accounts.user_dialogs import user_dialogs
from llm_ui.components.chats.chat_table import list_waiting, more_button
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.text import number, short_number, t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.accounts.users import InvitationItem, PersonItem
from llm_ui.states.accounts.users import VIEWS, PeopleState

MENU = "person-menu"
ROUTE = "/admin/people"
S = PeopleState
Person = rx.Var[PersonItem]
Invitation = rx.Var[InvitationItem]


# --- finding ----------------------------------------------------------------------------


def _choices(name: str, value: Any, test_id: str, *keys: str, any_key: str = "") -> rx.Component:
    among = ui.options(f"users.{name}.", keys, any_of=any_key and f"users.{name}.{any_key}")
    return ui.filter_choice(
        t(f"users.{name}"), value, lambda chosen: S.narrow(name, chosen), among, test_id
    )


def _finder() -> rx.Component:
    search = ui.search_field(
        t("users.search"),
        S.look_for,
        "people-search",
        default_value=S.query,
        key=S.cleared.to_string(),
    )
    filters = rx.el.div(
        _choices("role", S.role, "filter-role", "user", "admin", any_key="any"),
        _choices("state", S.state, "filter-state", "active", "waiting", "disabled", any_key="any"),
        _choices("active", S.active, "filter-active", "week", "month", "away", any_key="any"),
        _choices("sort", S.sort, "people-sort", "name", "email", "active", "created"),
        rx.cond(S.filtered, ui.clear_button(S.clear_filters)),
        class_name="lu-history__filters",
    )
    return rx.fragment(search, filters)


# --- the list ---------------------------------------------------------------------------


def _who(person: Person) -> Any:
    name = rx.el.span(
        rx.el.strong(person.username, class_name="lu-table__name"),
        rx.cond(person.is_self, ui.badge(t("users.you"))),
        class_name="lu-people__name",
    )
    return name, rx.el.span(person.email, class_name="lu-people__email")


def _role(person: Person) -> rx.Var[str]:
    return t_of("users.role.", person.role)


def _state(person: Person) -> rx.Component:
    state = person.status
    tone = rx.match(state, ("disabled", "danger"), ("leaving", "danger"), ("waiting", "warn"), "ok")
    return ui.badge(t_of("users.state.", state), tone, data_testid="person-state")


def _seen(person: Person) -> rx.Component:
    return rx.cond(person.last_active_at != "", when(person.last_active_at), t("users.never"))


def _figure(figure: Any, in_words: Any) -> Any:
    wide = rx.el.span(figure, class_name="lu-people__wide")
    return wide, rx.el.span(in_words, class_name="lu-people__narrow")


def _menu_button(person: Person) -> rx.Component:
    button = ui.row_menu_button(
        MENU,
        t("users.menu", name=person.username),
        id=person.id,
        title=person.username,
        flags=person.role + " " + person.status,
        test_id="person-menu-button",
    )
    return rx.cond(~person.is_self & (person.status != "leaving"), button)


COLUMNS = (
    ui.Column(t("users.name"), _who, "lu-people__who"),
    ui.Column(
        t("users.role"),
        _role,
        lambda person: rx.cond(person.role == "admin", "lu-people__admin", "lu-table__quiet"),
        test_id="person-role",
    ),
    ui.Column(t("users.state"), _state),
    ui.Column(t("users.active"), _seen, "lu-table__quiet"),
    ui.Column(
        t("users.chats"),
        lambda each: _figure(number(each.chats), t("users.chats_of", count=each.chats)),
        number=True,
    ),
    ui.Column(
        t("users.tokens"),
        lambda each: _figure(short_number(each.tokens), t("users.tokens_of", count=each.tokens)),
        number=True,
    ),
    ui.Column(t("users.menu", name=""), _menu_button, "lu-people__menu", unseen=True),
)


def _list() -> rx.Component:
    table = ui.data_table(
        S.items, COLUMNS, label=t("users.title"), test_id="people", row_id="person-row"
    )
    nobody = ui.empty_state(t("users.none_title"), t("users.none_text"), test_id="nobody")
    count = rx.el.p(
        t("users.count", count=S.total),
        class_name="lu-people__count",
        aria_live="polite",
        data_testid="people-count",
    )
    shown = rx.fragment(
        count,
        ui.card(rx.cond(S.items.length() > 0, table, nobody), class_name="lu-people"),
        more_button(S.has_more, S.load_more),
    )
    return rx.fragment(_finder(), rx.cond(S.loaded, shown, list_waiting()))


def _menu() -> rx.Component:
    person = ui.menu_target("id")

    def item(icon_name: str, name: str, action: Any, unless: str) -> rx.Component:
        return ui.row_menu_item(icon_name, t(f"users.{name}"), action, f"do-{name}", unless=unless)

    delete = ui.menu_item(
        t("users.delete"),
        icon_name="trash-2",
        danger=True,
        on_click=S.ask_to_delete(person),
        data_testid="do-delete",
    )
    return ui.menu(
        MENU,
        item("key-round", "reset", S.make_reset_link(person), "disabled"),
        item("shield-plus", "promote", S.ask(person, "promote"), "admin"),
        item("shield-minus", "demote", S.ask(person, "demote"), "unadmin"),
        item("ban", "disable", S.ask(person, "disable"), "disabled"),
        item("circle-check", "enable", S.enable(person), "undisabled"),
        ui.menu_line(),
        delete,
        label=t("users.title"),
    )


# --- invitations ------------------------------------------------------------------------


def _whom(invitation: Invitation) -> rx.Component:
    return rx.cond(invitation.email != "", invitation.email, t("users.anybody"))


def _revoke(invitation: Invitation) -> rx.Component:
    label = t("users.revoke_named", email=_whom(invitation))
    revoke = S.revoke(invitation.id)
    return ui.action(t("users.revoke"), revoke, "invitation-revoke", aria_label=label)


def _invitations() -> rx.Component:
    quiet = "lu-table__quiet"
    columns = (
        ui.Column(
            t("users.invited"),
            lambda each: rx.el.strong(_whom(each), class_name="lu-table__name"),
            "lu-people__who",
        ),
        ui.Column(t("users.role"), lambda each: t_of("users.role.", each.role), quiet),
        ui.Column(t("users.invited_by"), lambda each: each.created_by, quiet),
        ui.Column(t("users.expires"), lambda each: when(each.expires_at), quiet),
        ui.Column(t("users.revoke"), _revoke, number=True, unseen=True),
    )
    rows = ui.data_table(
        S.invitations,
        columns,
        label=t("users.invitations_title"),
        test_id="invitations",
        row_id="invitation-row",
    )
    none = ui.empty_state(
        t("users.invitations_empty_title"),
        t("users.invitations_empty_text"),
        ui.button(t("users.invite"), look="primary", small=True, on_click=S.open_form("invite")),
        test_id="no-invitations",
    )
    return ui.card(
        rx.cond(S.invitations.length() > 0, rows, none), title=t("users.invitations_title")
    )


# --- registration -----------------------------------------------------------------------


def _registration() -> rx.Component:
    choice = settings.choice(
        rx.fragment(*ui.options("users.registration.", ("open", "invite", "closed"))),
        label=t("users.registration"),
        value=S.registration,
        on_change=S.set_registration,
        data_testid="registration",
    )
    domains = rx.el.form(
        ui.field(
            t("users.domains"),
            "domains",
            hint=t("users.domains_hint"),
            default_value=S.domains,
            key=S.domains,
            max_length=5000,
            auto_complete="off",
            data_testid="domains",
        ),
        settings.trouble(S.domains_problem, test_id="domains-problem"),
        rx.el.div(
            ui.button(t("common.save"), type="submit", data_testid="domains-save"),
            class_name="lu-section__actions",
        ),
        on_submit=ui.values_of(S.save_domains, "domains"),
        class_name="lu-section__form",
    )
    return settings.section(
        t("users.registration_title"),
        settings.setting(t("users.registration"), t("users.registration_text"), choice),
        domains,
    )


# --- the page ---------------------------------------------------------------------------


def _views() -> rx.Component:
    waiting = S.invitations.length()
    count = rx.cond(waiting > 0, rx.el.span(number(waiting), class_name="lu-people__badge"))
    more = {"invitations": (count,)}
    each = [
        ((t(f"users.view_{name}"), *more.get(name, ())), S.view == name, S.show_view(name), name)
        for name in VIEWS
    ]
    return ui.views(each, label=t("users.views"))


def people() -> rx.Component:
    """The people who have an account, and who may get one."""

    def act(icon_name: str, which: str, look: Any) -> rx.Component:
        words = t(f"users.{which}")
        return ui.action(
            ui.wide_only(words),
            S.open_form(which),
            f"people-{which}",
            icon_name=icon_name,
            look=look,
            aria_label=words,
        )

    shown = rx.match(
        S.view, ("invitations", _invitations()), ("registration", _registration()), _list()
    )
    page = admin_page(
        ROUTE,
        t("users.title"),
        t("users.subtitle"),
        _views(),
        shown,
        extra=rx.el.div(
            act("user-plus", "create", "plain"),
            act("link", "invite", "primary"),
            class_name="lu-people__acts",
        ),
        test_id="people-page",
    )
    return rx.fragment(page, _menu(), user_dialogs())


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, people, ROUTE, t("users.page"), S.load_people)
