"""All chats: search, filters, and what can be done with many at a time.

One page with its dialogs, which nothing else uses: longer than most, and of one piece.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.chat_list import chat_title, project_options
from llm_ui.components.chat_table import chat_line, chat_lines, list_waiting, more_button
from llm_ui.components.overlays import offer_to_undo, undo_toast
from llm_ui.components.shell import shell, top_bar
from llm_ui.components.sidebar import client_sidebar
from llm_ui.components.text import t
from llm_ui.react import found_list
from llm_ui.schemas.finding import TagView
from llm_ui.schemas.views import ChatItem, ModelItem
from llm_ui.states.auth import AuthState
from llm_ui.states.chat import ChatState
from llm_ui.states.history import HistoryState

MOVE = "move-many"
TAG = "tag-many"
REST_MS = 250


def _search() -> rx.Component:
    return rx.el.input(
        type="search",
        default_value=HistoryState.query,
        placeholder=t("history.search"),
        aria_label=t("history.search"),
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
        rx.el.option(t(f"history.since_{each}"), value=each) for each in ("week", "month", "year")
    ]
    state = HistoryState
    return rx.el.div(
        rx.cond(
            ChatState.projects.length() > 0,
            _filter(
                "project",
                t("history.project"),
                state.project,
                *project_options(t("history.any_project")),
            ),
        ),
        _filter(
            "model",
            t("history.model"),
            state.model,
            anything("history.any_model"),
            rx.foreach(ChatState.models, model),
        ),
        rx.cond(
            state.tags.length() > 0,
            _filter(
                "tag",
                t("history.tag"),
                state.tag,
                anything("history.any_tag"),
                rx.foreach(state.tags, tag),
            ),
        ),
        _filter("since", t("history.since"), state.since, anything("history.any_time"), *times),
        rx.cond(
            state.filtered,
            ui.button(
                ui.icon("x", 14),
                t("history.clear"),
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
        _shelf(t("history.open"), False),
        _shelf(t("history.archived"), True),
        role="group",
        aria_label=t("history.shelf"),
        class_name="lu-segment lu-history__shelves",
    )


def _line(chat: rx.Var[ChatItem]) -> rx.Component:
    box = rx.el.input(
        type="checkbox",
        checked=HistoryState.picked.contains(chat.id),
        on_change=lambda on: HistoryState.pick(chat.id, on),
        aria_label=t("history.pick", title=chat_title(chat)),
        class_name="lu-check",
        data_testid="pick",
    )
    return chat_line(chat, box)


def _bulk() -> rx.Component:
    """What can be done with the chosen ones; it stands where the count of all stood."""
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
        aria_label=t("history.pick_all"),
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
        act("folder-input", "chats.move", "bulk-move", rx.run_script(f"window.lu.show('{MOVE}')")),
        act("tag", "history.add_tag", "bulk-tag", rx.run_script(f"window.lu.fresh('{TAG}')")),
        act("trash-2", "chats.delete", "bulk-delete", state.delete_picked),
        class_name="lu-bulk__actions",
    )
    return rx.el.div(
        everything,
        rx.el.span(
            rx.cond(
                state.picked.length() > 0,
                t("history.picked", count=state.picked.length()),
                t("history.pick_all"),
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
        cancel=t("common.cancel"),
        test_id=MOVE,
        on_submit=lambda data: [
            HistoryState.move_picked(data.to(dict[str, str])["into"]),
            ui.close_dialog(MOVE),
        ],
    )
    tag = ui.form_dialog(
        TAG,
        ui.field(
            t("history.tag"),
            "one_tag",
            max_length=40,
            required=True,
            auto_complete="off",
            data_testid="bulk-tag-field",
        ),
        title=t("history.add_tag"),
        submit=t("common.save"),
        cancel=t("common.cancel"),
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
                ("archived", t("history.archived_count", count=state.undone.length())),
                ("unarchived", t("history.restored_count", count=state.undone.length())),
                ("moved", t("history.moved_count", count=state.undone.length())),
                t("history.deleted", count=state.undone.length()),
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
        t("history.none_title"), t("history.none_text"), test_id="nothing-found"
    )
    archive = ui.empty_state(
        t("history.no_archive_title"), t("history.no_archive_text"), test_id="no-archive"
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
        _bulk(), chat_lines(state.items, _line, label=t("history.title"), test_id="history")
    )
    found = rx.el.div(
        found_list(state.hits, untitled=t("chat.untitled"), archived_label=t("history.archived")),
        class_name="lu-founds",
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
    title = rx.el.h1(t("history.title"), class_name="lu-bar__title lu-truncate")
    page = rx.el.div(
        rx.el.div(
            rx.el.div(_search(), _shelves(), class_name="lu-history__top"),
            # Where nothing is, there is nothing to narrow.
            rx.cond(
                ~HistoryState.loaded
                | HistoryState.filtered
                | HistoryState.archived
                | (HistoryState.items.length() > 0),
                _filters(),
            ),
            _body(),
            _dialogs(),
            ui.timer(
                ms=100, of=ChatState.shelf_changes.to_string(), on_done=HistoryState.look_again
            ),
            class_name="lu-page__column lu-page__column--lists",
        ),
        class_name="lu-page",
        role="region",
        aria_label=t("history.title"),
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
        title=t("history.page"),
        on_load=[AuthState.require_user, ChatState.load_beside, HistoryState.load_history],
    )
