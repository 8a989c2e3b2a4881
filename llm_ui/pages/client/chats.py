"""The page of all chats: search, filters, and bulk actions.

The page and its dialogs, which are used nowhere else, are in one module, so it is longer than most.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.chats.chat_list import chat_title, project_options
from llm_ui.components.chats.chat_table import chat_line, chat_lines, list_waiting, more_button
from llm_ui.components.layout.overlays import offer_to_undo, undo_toast
from llm_ui.components.layout.shell import shell, top_bar
from llm_ui.components.sidebar import client_sidebar
from llm_ui.components.text import t
from llm_ui.react import found_list
from llm_ui.schemas.chats.finding import TagView
from llm_ui.schemas.chats.views import ChatItem, ModelItem
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.chats.organize import HistoryState
from llm_ui.states.sidebar import SidebarState

MOVE = "move-many"
TAG = "tag-many"
REST_MS = 250


def _search() -> rx.Component:
    return rx.el.input(
        type="search",
        default_value=HistoryState.query,
        placeholder=t("organize.search"),
        aria_label=t("organize.search"),
        max_length=200,
        auto_complete="off",
        on_change=HistoryState.look_for.debounce(REST_MS),
        class_name="lu-input lu-history__search",
        data_testid="history-search",
        key=HistoryState.cleared.to_string(),
    )


def _filter(name: str, label: Any, value: Any, *options: Any) -> rx.Component:
    return rx.el.select(
        *options,
        value=value,
        aria_label=label,
        on_change=lambda chosen: HistoryState.narrow(name, chosen),
        class_name="lu-input lu-select lu-history__filter",
        custom_attrs={"data-on": rx.cond(value != "", "yes", "no")},
        data_testid=f"filter-{name}",
    )


def _filters() -> rx.Component:
    def model(each: rx.Var[ModelItem]) -> rx.Component:
        return rx.el.option(each.name, value=each.id)

    def tag(each: rx.Var[TagView]) -> rx.Component:
        return rx.el.option(each.name, value=each.name)

    def anything(key: str) -> rx.Component:
        return rx.el.option(t(key), value="")

    times = [
        rx.el.option(t(f"organize.since_{each}"), value=each) for each in ("week", "month", "year")
    ]
    state = HistoryState
    return rx.el.div(
        rx.cond(
            SidebarState.projects.length() > 0,
            _filter(
                "project",
                t("organize.project"),
                state.project,
                *project_options(t("organize.any_project")),
            ),
        ),
        _filter(
            "model",
            t("organize.model"),
            state.model,
            anything("organize.any_model"),
            rx.foreach(ModelChoiceState.models, model),
        ),
        rx.cond(
            state.tags.length() > 0,
            _filter(
                "tag",
                t("organize.tag"),
                state.tag,
                anything("organize.any_tag"),
                rx.foreach(state.tags, tag),
            ),
        ),
        _filter("since", t("organize.since"), state.since, anything("organize.any_time"), *times),
        rx.cond(
            state.filtered,
            ui.button(
                ui.icon("x", 14),
                t("organize.clear"),
                look="ghost",
                class_name="lu-history__clear",
                small=True,
                on_click=state.clear_filters,
                data_testid="clear-filters",
            ),
        ),
        class_name="lu-history__filters",
    )


def _shelf(label: Any, archived: bool) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=HistoryState.show_archived(archived),
        class_name="lu-segment__item",
        custom_attrs={
            "aria-pressed": rx.cond(HistoryState.archived == archived, "true", "false"),
        },
        data_testid="shelf-archived" if archived else "shelf-open",
    )


def _shelves() -> rx.Component:
    return rx.el.div(
        _shelf(t("organize.open"), False),
        _shelf(t("organize.archived"), True),
        role="group",
        aria_label=t("organize.shelf"),
        class_name="lu-segment lu-history__shelves",
    )


def _line(chat: rx.Var[ChatItem]) -> rx.Component:
    box = rx.el.input(
        type="checkbox",
        checked=HistoryState.picked.contains(chat.id),
        on_change=lambda on: HistoryState.pick(chat.id, on),
        aria_label=t("organize.pick", title=chat_title(chat)),
        class_name="lu-check",
        data_testid="pick",
    )
    return chat_line(chat, box)


def _bulk() -> rx.Component:
    """Bulk actions for the selected chats, in place of the total count."""
    state = HistoryState

    def act(icon_name: str, label: str, test_id: str, on_click: Any) -> rx.Component:
        return ui.button(
            ui.icon(icon_name, 16),
            rx.el.span(t(label), class_name="lu-wide-only"),
            small=True,
            look="ghost",
            aria_label=t(label),
            data_tip=t(label),
            on_click=on_click,
            data_testid=test_id,
        )

    everything = rx.el.input(
        type="checkbox",
        checked=(state.picked.length() > 0) & (state.picked.length() == state.items.length()),
        on_change=state.pick_all,
        aria_label=t("organize.pick_all"),
        class_name="lu-check",
        data_testid="pick-all",
    )
    archive = rx.cond(
        state.archived,
        act("archive-restore", "chats.unarchive", "bulk-unarchive", state.archive_picked(False)),
        act("archive", "chats.archive", "bulk-archive", state.archive_picked(True)),
    )
    actions = rx.el.div(
        archive,
        act("folder-input", "chats.move", "bulk-move", ui.open_dialog(MOVE)),
        act("tag", "organize.add_tag", "bulk-tag", ui.open_dialog(TAG)),
        act("trash-2", "chats.delete", "bulk-delete", state.delete_picked),
        class_name="lu-bulk__actions",
    )
    return rx.el.div(
        everything,
        rx.el.span(
            rx.cond(
                state.picked.length() > 0,
                t("organize.picked", count=state.picked.length()),
                t("organize.pick_all"),
            ),
            class_name="lu-bulk__count",
            aria_live="polite",
        ),
        rx.cond(state.picked.length() > 0, actions),
        class_name="lu-bulk",
        data_testid="bulk",
    )


def _dialogs() -> rx.Component:
    move = ui.form_dialog(
        MOVE,
        ui.select_field(t("chats.move_label"), "into", *project_options(t("chats.no_project"))),
        title=t("chats.move_title"),
        submit=t("common.save"),
        test_id=MOVE,
        on_submit=lambda data: [
            HistoryState.move_picked(data.to(dict[str, str])["into"]),
            ui.close_dialog(MOVE),
        ],
    )
    tag = ui.form_dialog(
        TAG,
        ui.field(
            t("organize.tag"),
            "one_tag",
            max_length=40,
            required=True,
            auto_complete="off",
            data_testid="bulk-tag-field",
        ),
        title=t("organize.add_tag"),
        submit=t("common.save"),
        test_id=TAG,
        on_submit=lambda data: [
            HistoryState.tag_picked(data.to(dict[str, str])["one_tag"]),
            ui.close_dialog(TAG),
        ],
    )
    return rx.fragment(move, tag)


def _undo() -> rx.Component:
    state = HistoryState
    return rx.cond(
        state.undone.length() > 0,
        offer_to_undo(
            rx.match(
                state.done_kind,
                ("archived", t("organize.archived_count", count=state.undone.length())),
                ("unarchived", t("organize.restored_count", count=state.undone.length())),
                ("moved", t("organize.moved_count", count=state.undone.length())),
                t("organize.deleted", count=state.undone.length()),
            ),
            undo=state.bring_back,
            dismiss=state.dismiss,
            of=state.done_kind + state.undone.join(""),
            test_id="bulk-undo-toast",
            button_id="bulk-undo",
        ),
    )


def _nothing() -> rx.Component:
    state = HistoryState
    filtered = ui.empty_state(
        t("organize.none_title"), t("organize.none_text"), test_id="nothing-found"
    )
    archive = ui.empty_state(
        t("organize.no_archive_title"), t("organize.no_archive_text"), test_id="no-archive"
    )
    none = ui.empty_state(
        t("chats.empty_title"),
        t("chats.empty_text"),
        ui.link_button(t("chat.new"), href="/chat", look="primary"),
        test_id="no-history",
    )
    return rx.cond(state.filtered, filtered, rx.cond(state.archived, archive, none))


def _body() -> rx.Component:
    state = HistoryState
    rows = rx.el.div(
        _bulk(), chat_lines(state.items, _line, label=t("organize.title"), test_id="history")
    )
    found = rx.el.div(
        found_list(state.hits, untitled=t("chat.untitled"), archived_label=t("organize.archived")),
        class_name="lu-stack",
        data_testid="history-found",
    )
    some = rx.cond(
        state.items.length() > 0, rows, rx.cond(state.hits.length() > 0, found, _nothing())
    )
    return rx.cond(
        state.loaded,
        rx.fragment(some, more_button(state.has_more, state.load_more)),
        list_waiting(),
    )


def history() -> rx.Component:
    """All chats."""
    title = rx.el.h1(t("organize.title"), class_name="lu-bar__title lu-truncate")
    page = rx.el.div(
        rx.el.div(
            rx.el.div(_search(), _shelves(), class_name="lu-row lu-wrap lu-gap-2"),
            # An empty list needs no filters.
            rx.cond(
                ~HistoryState.loaded
                | HistoryState.filtered
                | HistoryState.archived
                | (HistoryState.items.length() > 0),
                _filters(),
            ),
            _body(),
            _dialogs(),
            ui.timer(ms=100, of=SidebarState.changes.to_string(), on_done=HistoryState.look_again),
            class_name="lu-page__column lu-page__column--narrow",
        ),
        class_name="lu-page",
        role="region",
        aria_label=t("organize.title"),
        tab_index=0,
    )
    return rx.fragment(
        shell(client_sidebar("/history"), top_bar(title), page), undo_toast(), _undo()
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(
        history,
        route="/history",
        title=t("organize.page"),
        on_load=[AuthState.require_user, ChatState.load_beside, HistoryState.load_history],
    )
