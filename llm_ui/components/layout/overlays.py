"""What overlays every page: lost connection, crash page, undo, notifications."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from llm_ui.components import ui
from llm_ui.components.layout.brand import mark
from llm_ui.components.text import t
from llm_ui.reflex_internals import (
    ErrorBoundary,
    FrontendEventExceptionState,
    has_connection_errors,
)
from llm_ui.states.sidebar import SidebarState

UNDO_MS = 8000


@rx.memo
def connection_banner() -> rx.Component:
    """A banner shown while the connection is lost."""
    return rx.fragment(
        ui.ready(),
        ui.line(
            ui.banner(t("app.offline"), "wifi-off", data_testid="offline"),
            is_broken=has_connection_errors,
            blocked_label=t("app.offline_blocked"),
        ),
    )


def offer_to_undo(
    words: Any, *, undo: Any, dismiss: Any, of: Any, test_id: str, button_id: str
) -> rx.Component:
    """A notification of an action, with a button to undo it for a while.

    Args:
        words: what was done.
        undo, dismiss: the events of the two buttons; `dismiss` also fires on timeout.
        of: a value that changes with each action, which restarts the timeout.
    """
    return ui.toast(
        words,
        ui.button(t("chats.undo"), look="ghost", small=True, on_click=undo, data_testid=button_id),
        ui.icon_button("x", t("common.close"), small=True, on_click=dismiss),
        ui.timer(ms=UNDO_MS, of=of, pauses=True, on_done=dismiss),
        data_testid=test_id,
    )


@rx.memo
def undo_toast() -> rx.Component:
    """Deleting, archiving and moving chats need no confirmation; they can be undone for eight
    seconds."""
    done = SidebarState.done
    words = rx.match(
        done.kind,
        ("archived", t("chats.archived")),
        ("moved", t("chats.moved", project=done.project)),
        t("chats.deleted", title=done.title),
    )
    return rx.cond(
        done.kind != "",
        offer_to_undo(
            words,
            undo=SidebarState.undo_last,
            dismiss=SidebarState.dismiss_undo,
            of=done.kind + done.chat_id,
            test_id="undo-toast",
            button_id="undo",
        ),
    )


@rx.memo
def news_place() -> rx.Component:
    """The container of notifications, shared by all pages."""
    return ui.toaster(label=t("app.news"), close_label=t("common.close"))


@rx.memo
def crash_page() -> rx.Component:
    """Shown in place of a page that crashed."""
    return rx.el.main(
        # The page's own title is gone.
        rx.el.title(t("app.name")),
        mark(40),
        rx.el.h1(t("app.crash_title"), class_name="lu-lone__title"),
        rx.el.p(t("app.crash_text")),
        ui.button(
            t("app.reload"), look="primary", on_click=rx.run_script("window.location.reload()")
        ),
        class_name="lu-lone",
        data_testid="crash",
    )


def error_boundary(stateful: bool) -> rx.Component:
    """Catches rendering errors, and reports them to the server."""
    return ErrorBoundary.create(
        fallback_render=rx.Var.create(crash_page()),
        on_error=_report if stateful else rx.noop(),
    )


def _report(error: rx.Var[str], stack: rx.Var[str]) -> list[EventSpec]:
    again: rx.Var[Any] = rx.vars.FunctionStringVar.create("window.lu.again").call(error)
    return [
        FrontendEventExceptionState.handle_frontend_exception(error, stack),
        rx.run_script(again),
    ]


def overlay(stateful: bool) -> rx.Component | None:
    """The overlays of every page."""
    return rx.fragment(connection_banner()) if stateful else None


def toaster() -> rx.Component:
    """The container of all notifications, including those from handlers."""
    return news_place()
