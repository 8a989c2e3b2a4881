"""What lies over every page: lost connection, crashed page, undo, messages of the server."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors

from llm_ui.components import ui
from llm_ui.components.brand import mark
from llm_ui.components.text import t
from llm_ui.states.chat import ChatState

UNDO_MS = 8000


@rx.memo
def connection_banner() -> rx.Component:
    """Says that the connection is gone, as long as it is."""
    return rx.fragment(
        ui.ready(),
        rx.cond(
            has_connection_errors,
            ui.banner(t("app.offline"), "wifi-off", data_testid="offline"),
        ),
    )


@rx.memo
def undo_toast() -> rx.Component:
    """Deleting asks nothing; for eight seconds it can be taken back."""
    return rx.cond(
        ChatState.deleted_chat_id != "",
        ui.toast(
            t("chats.deleted", title=ChatState.deleted_chat_title),
            ui.button(
                t("chats.undo"),
                look="ghost",
                small=True,
                on_click=ChatState.undo_delete,
                data_testid="undo",
            ),
            ui.icon_button("x", t("common.close"), small=True, on_click=ChatState.dismiss_undo),
            ui.timer(
                ms=UNDO_MS,
                of=ChatState.deleted_chat_id,
                pauses=True,
                on_done=ChatState.dismiss_undo,
            ),
            data_testid="undo-toast",
        ),
    )


@rx.memo
def crash_page() -> rx.Component:
    """What stands where a page broke."""
    return rx.el.main(
        # The page's own title has gone with it.
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
    """Catches what breaks while a page is drawn, and reports it to the server."""
    quiet: dict[str, Any] = {} if stateful else {"on_error": rx.noop()}
    return ErrorBoundary.create(fallback_render=rx.Var.create(crash_page()), **quiet)


def overlay(stateful: bool) -> rx.Component | None:
    """The overlay of every page."""
    return rx.fragment(connection_banner()) if stateful else None


def toaster() -> rx.Component:
    """Where `rx.toast` of the states appears."""
    return rx.toast.provider(
        position="top-center",
        rich_colors=False,
        close_button=True,
        toast_options=rx.toast.options(class_name="lu-news"),
    )
