"""People: who has an account, who is invited, and who may register.

One page in three views with its dialogs, which nothing else uses: long, and of one piece.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.chat_table import list_waiting, more_button
from llm_ui.components.confirming import confirm_dialog
from llm_ui.components.text import number, short_number, t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.people import InvitationItem, PersonItem
from llm_ui.states.auth import AuthState
from llm_ui.states.people import ASK, CREATE, DELETE, INVITE, LINK, PeopleState

MENU = "person-menu"
REST_MS = 250
ROUTE = "/admin/people"


# --- finding ----------------------------------------------------------------------------


def _choices(name: str, value: Any, test_id: str, *keys: str, any_key: str = "") -> rx.Component:
    options = [rx.el.option(t(f"people.{name}.{any_key}"), value="")] if any_key else []
    options += [rx.el.option(t(f"people.{name}.{each}"), value=each) for each in keys]
    return rx.el.select(
        *options,
        value=value,
        aria_label=t(f"people.{name}"),
        on_change=lambda chosen: PeopleState.narrow(name, chosen),
        class_name="lu-input lu-select lu-history__filter",
        data_testid=test_id,
    )


def _finder() -> rx.Component:
    s = PeopleState
    search = rx.el.input(
        type="search",
        default_value=s.query,
        placeholder=t("people.search"),
        aria_label=t("people.search"),
        max_length=200,
        auto_complete="off",
        on_change=s.look_for.debounce(REST_MS),
        class_name="lu-input lu-history__search",
        data_testid="people-search",
        key=s.cleared.to_string(),
    )
    clear = ui.button(
        t("history.clear"), look="ghost", small=True, on_click=s.clear_filters,
        data_testid="clear-filters",
    )  # fmt: skip
    filters = rx.el.div(
        _choices("role", s.role, "filter-role", "user", "admin", any_key="any"),
        _choices("state", s.state, "filter-state", "active", "waiting", "disabled", any_key="any"),
        _choices("active", s.active, "filter-active", "week", "month", "away", any_key="any"),
        _choices("sort", s.sort, "people-sort", "name", "email", "active", "created"),
        rx.cond(s.filtered, clear),
        class_name="lu-history__filters",
    )
    return rx.fragment(search, filters)


# --- the list ---------------------------------------------------------------------------


def _tone(state: rx.Var[str]) -> rx.Var[str]:
    return rx.match(state, ("disabled", "danger"), ("leaving", "danger"), ("waiting", "warn"), "ok")


def _menu_button(person: rx.Var[PersonItem]) -> rx.Component:
    flags = person.role + " " + person.state
    return ui.icon_button(
        "ellipsis",
        t("people.menu", name=person.username),
        small=True,
        custom_attrs={
            **ui.opens(MENU),
            "data-id": person.id,
            "data-title": person.username,
            "data-flags": flags,
        },
        data_testid="person-menu-button",
    )


def _person(person: rx.Var[PersonItem]) -> rx.Component:
    has_menu = ~person.is_self & (person.state != "leaving")
    return rx.el.tr(
        rx.el.td(
            rx.el.span(
                rx.el.strong(person.username, class_name="lu-table__name"),
                rx.cond(person.is_self, ui.badge(t("people.you"))),
                class_name="lu-people__name",
            ),
            rx.el.span(person.email, class_name="lu-people__email"),
            class_name="lu-people__who",
        ),
        rx.el.td(
            t_of("people.role.", person.role),
            class_name=rx.cond(person.role == "admin", "lu-people__admin", "lu-table__quiet"),
            data_testid="person-role",
        ),
        rx.el.td(
            ui.badge(
                t_of("people.state.", person.state), _tone(person.state), data_testid="person-state"
            )
        ),
        rx.el.td(
            rx.cond(person.last_active_at != "", when(person.last_active_at), t("people.never")),
            class_name="lu-table__quiet",
        ),
        rx.el.td(
            rx.el.span(number(person.chats), class_name="lu-people__wide"),
            rx.el.span(t("people.chats_of", count=person.chats), class_name="lu-people__narrow"),
            class_name="lu-table__num",
        ),
        rx.el.td(
            rx.el.span(short_number(person.tokens), class_name="lu-people__wide"),
            rx.el.span(t("people.tokens_of", count=person.tokens), class_name="lu-people__narrow"),
            class_name="lu-table__num",
        ),
        rx.el.td(rx.cond(has_menu, _menu_button(person)), class_name="lu-people__menu"),
        key=person.id,
        data_testid="person-row",
    )


def _list() -> rx.Component:
    s = PeopleState
    headings = (
        (t("people.name"), ""),
        (t("people.role"), ""),
        (t("people.state"), ""),
        (t("people.active"), ""),
        (t("people.chats"), "lu-table__num"),
        (t("people.tokens"), "lu-table__num"),
        (rx.el.span(t("people.menu", name=""), class_name="lu-sr"), ""),
    )
    table = ui.table(
        headings, rx.foreach(s.items, _person), label=t("people.title"), test_id="people"
    )
    nobody = ui.empty_state(t("people.none_title"), t("people.none_text"), test_id="nobody")
    count = rx.el.p(
        t("people.count", count=s.total), class_name="lu-people__count", aria_live="polite",
        data_testid="people-count",
    )  # fmt: skip
    return rx.fragment(
        _finder(),
        rx.cond(
            s.loaded,
            rx.fragment(
                count,
                ui.card(rx.cond(s.items.length() > 0, table, nobody), class_name="lu-people"),
                more_button(s.has_more, s.load_more),
            ),
            list_waiting(),
        ),
    )


def _menu() -> rx.Component:
    person = ui.menu_target("id")

    def item(icon_name: str, name: str, action: Any, unless: str = "") -> rx.Component:
        attrs = {"data-unless": unless} if unless else {}
        return ui.menu_item(
            t(f"people.{name}"), icon_name=icon_name, on_click=action, custom_attrs=attrs,
            data_testid=f"do-{name}",
        )  # fmt: skip

    return ui.menu(
        MENU,
        item("key-round", "reset", PeopleState.make_reset_link(person), "disabled"),
        item("shield-plus", "promote", PeopleState.ask(person, "promote"), "admin"),
        item("shield-minus", "demote", PeopleState.ask(person, "demote"), "unadmin"),
        item("ban", "disable", PeopleState.ask(person, "disable"), "disabled"),
        item("circle-check", "enable", PeopleState.enable(person), "undisabled"),
        ui.menu_line(),
        ui.menu_item(
            t("people.delete"),
            icon_name="trash-2",
            danger=True,
            on_click=PeopleState.ask_to_delete(person),
            data_testid="do-delete",
        ),
        label=t("people.title"),
    )


# --- invitations ------------------------------------------------------------------------


def _invitation(each: rx.Var[InvitationItem]) -> rx.Component:
    whom = rx.cond(each.email != "", each.email, t("people.anybody"))
    return rx.el.tr(
        rx.el.td(rx.el.strong(whom, class_name="lu-table__name"), class_name="lu-people__who"),
        rx.el.td(t_of("people.role.", each.role), class_name="lu-table__quiet"),
        rx.el.td(each.created_by, class_name="lu-table__quiet"),
        rx.el.td(when(each.expires_at), class_name="lu-table__quiet"),
        rx.el.td(
            ui.button(
                t("people.revoke"),
                small=True,
                aria_label=t("people.revoke_named", email=whom),
                on_click=PeopleState.revoke(each.id),
                data_testid="invitation-revoke",
            ),
            class_name="lu-table__num",
        ),
        key=each.id,
        data_testid="invitation-row",
    )


def _invitations() -> rx.Component:
    s = PeopleState
    headings = (
        (t("people.invited"), ""),
        (t("people.role"), ""),
        (t("people.invited_by"), ""),
        (t("people.expires"), ""),
        (rx.el.span(t("people.revoke"), class_name="lu-sr"), "lu-table__num"),
    )
    rows = ui.table(
        headings,
        rx.foreach(s.invitations, _invitation),
        label=t("people.invitations_title"),
        test_id="invitations",
    )
    none = ui.empty_state(
        t("people.invitations_empty_title"),
        t("people.invitations_empty_text"),
        ui.button(t("people.invite"), look="primary", small=True, on_click=s.open_form("invite")),
        test_id="no-invitations",
    )
    return ui.card(
        rx.cond(s.invitations.length() > 0, rows, none), title=t("people.invitations_title")
    )


# --- registration -----------------------------------------------------------------------


def _registration() -> rx.Component:
    s = PeopleState
    options = rx.fragment(
        *[
            rx.el.option(t(f"people.registration.{each}"), value=each)
            for each in ("open", "invite", "closed")
        ]
    )
    domains = rx.el.form(
        ui.field(
            t("people.domains"), "domains", hint=t("people.domains_hint"),
            default_value=s.domains, key=s.domains, max_length=5000, auto_complete="off",
            data_testid="domains",
        ),
        settings.trouble(s.domains_problem, test_id="domains-problem"),
        rx.el.div(
            ui.button(t("common.save"), type="submit", data_testid="domains-save"),
            class_name="lu-section__actions",
        ),
        on_submit=lambda data: s.save_domains(data.to(dict[str, str])["domains"]),
        class_name="lu-section__form",
    )  # fmt: skip
    return settings.section(
        t("people.registration_title"),
        settings.setting(
            t("people.registration"),
            t("people.registration_text"),
            settings.choice(
                options,
                label=t("people.registration"),
                value=s.registration,
                on_change=s.set_registration,
                data_testid="registration",
            ),
        ),
        domains,
    )


# --- dialogs ----------------------------------------------------------------------------


def _role_field(name: str) -> rx.Component:
    options = [rx.el.option(t(f"people.role.{each}"), value=each) for each in ("user", "admin")]
    return ui.select_field(t("people.role"), name, *options, data_testid=name)


def _invite_dialog() -> rx.Component:
    days = [rx.el.option(t(f"people.days.{each}"), value=each) for each in ("7", "1", "30")]
    fields = rx.el.div(
        ui.field(
            t("people.invite_email"), "invite-email", hint=t("people.invite_email_hint"),
            type="email", max_length=254, auto_complete="off", data_testid="invite-email",
        ),
        _role_field("invite-role"),
        ui.select_field(t("people.days"), "invite-days", *days, data_testid="invite-days"),
        settings.trouble(PeopleState.problem, test_id="invite-problem"),
        class_name="lu-fields",
    )  # fmt: skip
    return ui.form_dialog(
        INVITE, fields,
        title=t("people.invite_title"), submit=t("people.make_link"), cancel=t("common.cancel"),
        on_submit=lambda data: PeopleState.invite(
            data.to(dict[str, str])["invite-email"],
            data.to(dict[str, str])["invite-role"],
            data.to(dict[str, str])["invite-days"],
        ),
        test_id=INVITE,
    )  # fmt: skip


def _create_dialog() -> rx.Component:
    fields = rx.el.div(
        rx.el.p(t("people.create_hint"), class_name="lu-dialog__text"),
        ui.field(
            t("auth.email"), "create-email", type="email", max_length=254, required=True,
            auto_complete="off", data_testid="create-email",
        ),
        ui.field(
            t("people.name"), "create-name", max_length=64, required=True, auto_complete="off",
            data_testid="create-name",
        ),
        _role_field("create-role"),
        settings.trouble(PeopleState.problem, test_id="create-problem"),
        class_name="lu-fields",
    )  # fmt: skip
    return ui.form_dialog(
        CREATE, fields,
        title=t("people.create_title"), submit=t("people.create"), cancel=t("common.cancel"),
        on_submit=lambda data: PeopleState.create(
            data.to(dict[str, str])["create-email"],
            data.to(dict[str, str])["create-name"],
            data.to(dict[str, str])["create-role"],
        ),
        test_id=CREATE,
    )  # fmt: skip


def _link_dialog() -> rx.Component:
    s = PeopleState
    until = when(s.handed_until)
    what = rx.match(
        s.handed,
        ("invite_for", t("people.link_invite_for", email=s.handed_to, when=until)),
        ("reset", t("people.link_reset", name=s.handed_to, when=until)),
        ("welcome", t("people.link_welcome", name=s.handed_to, when=until)),
        t("people.link_invite", when=until),
    )
    copy = ui.button(
        rx.el.span(t("common.copy"), class_name="lu-people__copy"),
        rx.el.span(t("common.copied"), class_name="lu-people__copied", aria_live="polite"),
        look="primary",
        custom_attrs={"data-lu": "copy-field", "data-field": "handed-link"},
        data_testid="copy-link",
    )
    return settings.dialog(
        LINK,
        rx.el.p(what, class_name="lu-dialog__text"),
        rx.el.div(
            rx.el.input(
                id="handed-link", read_only=True, aria_label=t("people.link"),
                auto_complete="off", class_name="lu-input lu-people__link",
                data_testid="handed-link",
            ),
            copy,
            class_name="lu-people__hand",
        ),
        rx.el.div(
            ui.button(t("people.done"), on_click=ui.close_dialog(LINK), data_testid="link-done"),
            class_name="lu-dialog__actions",
        ),
        title=t("people.link_title"),
        wide=True,
        test_id=LINK,
    )  # fmt: skip


def _ask_dialog() -> rx.Component:
    s = PeopleState
    name = s.chosen.username

    def words(part: str) -> rx.Var[str]:
        def one(what: str) -> rx.Var[str]:
            return t(f"people.{what}{part}", name=name)

        return rx.match(
            s.asked, ("promote", one("promote")), ("demote", one("demote")), one("disable")
        )

    return settings.confirm(
        ASK,
        words("_text"),
        title=words("_title"),
        yes=words(""),
        no=t("common.cancel"),
        on_yes=s.do_asked,
        test_id=ASK,
    )


def _delete_dialog() -> rx.Component:
    s = PeopleState

    def way(value: str, key: str) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="radio", name="delete-what", value=value, default_checked=value == "all",
                data_testid=f"delete-{value}",
            ),
            rx.el.span(t(key)),
            class_name="lu-people__way",
        )  # fmt: skip

    def heir(person: rx.Var[PersonItem]) -> rx.Component:
        return rx.el.option(person.username, value=person.email)

    whom = ui.field(
        t("people.heir"), "delete-heir", type="email", max_length=254, auto_complete="off",
        list="delete-heirs", on_change=s.look_for_heirs.debounce(REST_MS),
        data_testid="delete-heir",
    )  # fmt: skip
    fields = rx.el.div(
        rx.el.p(t("people.delete_text"), class_name="lu-dialog__text"),
        rx.el.fieldset(
            rx.el.legend(t("people.delete_what"), class_name="lu-field__label"),
            way("all", "people.delete_all"),
            way("keep", "people.delete_keep"),
            rx.el.div(
                whom,
                rx.el.datalist(rx.foreach(s.heirs, heir), id="delete-heirs"),
                class_name="lu-people__heir",
            ),
            class_name="lu-people__ways",
        ),
        rx.el.p(t("people.delete_hint"), class_name="lu-field__hint"),
        ui.field(
            t("people.delete_confirm", email=s.chosen.email), "delete-email", max_length=254,
            required=True, auto_complete="off", auto_capitalize="none", spell_check=False,
            data_testid="delete-email",
        ),
        settings.trouble(s.problem, test_id="delete-problem"),
        class_name="lu-fields",
    )  # fmt: skip
    return ui.form_dialog(
        DELETE, fields,
        title=t("people.delete_title", name=s.chosen.username), submit=t("people.delete"),
        cancel=t("common.cancel"), danger=True,
        on_submit=lambda data: s.delete_person(
            data.to(dict[str, str])["delete-email"],
            data.to(dict[str, str])["delete-what"] == "keep",
            data.to(dict[str, str])["delete-heir"],
        ),
        test_id=DELETE,
    )  # fmt: skip


# --- the page ---------------------------------------------------------------------------


def _views() -> rx.Component:
    def view(name: str) -> rx.Component:
        chosen = PeopleState.view == name
        waiting = PeopleState.invitations.length()
        count = rx.cond(waiting > 0, rx.el.span(number(waiting), class_name="lu-people__badge"))
        return rx.el.button(
            t(f"people.view_{name}"),
            count if name == "invitations" else None,
            type="button",
            on_click=PeopleState.show_view(name),
            class_name="lu-segment__item",
            custom_attrs={"aria-pressed": rx.cond(chosen, "true", "false")},
            data_testid=f"view-{name}",
        )

    return rx.el.div(
        view("people"),
        view("invitations"),
        view("registration"),
        role="group",
        aria_label=t("people.views"),
        class_name="lu-segment lu-history__shelves lu-people__views",
    )


def people() -> rx.Component:
    """Who has an account here, and who may get one."""
    s = PeopleState

    def act(icon_name: str, which: str, look: Any) -> rx.Component:
        return ui.button(
            ui.icon(icon_name, 16),
            rx.el.span(t(f"people.{which}"), class_name="lu-wide-only"),
            small=True,
            look=look,
            aria_label=t(f"people.{which}"),
            on_click=s.open_form(which),
            data_testid=f"people-{which}",
        )

    shown = rx.match(
        s.view,
        ("invitations", _invitations()),
        ("registration", _registration()),
        _list(),
    )
    return rx.fragment(
        admin_page(
            ROUTE,
            t("people.title"),
            t("people.subtitle"),
            _views(),
            shown,
            extra=rx.el.div(
                act("user-plus", "create", "plain"),
                act("link", "invite", "primary"),
                class_name="lu-people__acts",
            ),
            test_id="people-page",
        ),
        _menu(),
        _invite_dialog(),
        _create_dialog(),
        _link_dialog(),
        _ask_dialog(),
        _delete_dialog(),
        confirm_dialog(),
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        people,
        route=ROUTE,
        title=t("people.page"),
        on_load=[AuthState.require_admin, PeopleState.load_people],
    )
