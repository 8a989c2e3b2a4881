"""Shared parts of the dialogs for models on disk: an Ollama's, and the built-in service's."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.states.catalogue.providers import AIProviderState

LOOK_EVERY_MS = 1000


def open_button(label: Any, on_click: Any, test_id: str, **props: Any) -> rx.Component:
    """The button that opens the dialog, for a provider."""
    return ui.action(label, on_click, test_id, icon_name="hard-drive-download", **props)


def typed_form(field: rx.Component, field_id: str, button: rx.Component, handler: Any) -> Any:
    """A field with a button; the handler gets the text that was entered."""
    typed = rx.Var(f"document.getElementById('{field_id}').value").to(str)
    return rx.el.form(
        field, button, on_submit=lambda _: handler(typed), class_name="lu-stored__form"
    )


def item(*words: Any, actions: Any, key: Any, test_id: str) -> rx.Component:
    """A model, with its description and its actions."""
    return rx.el.li(
        rx.el.div(*words, class_name="lu-address__words"),
        actions,
        key=key,
        class_name="lu-address",
        data_testid=test_id,
    )


def question(back: Any, delete: Any, test_id: str, **props: Any) -> rx.Component:
    """The confirmation that replaces a model's actions: delete it, or cancel."""
    return rx.el.div(
        ui.button(t("common.cancel"), small=True, on_click=back),
        ui.action(t("providers.delete"), delete, test_id, look="danger", auto_focus=True, **props),
        class_name="lu-address__actions lu-stored__question",
    )


def stored_dialog(
    dialog_id: str,
    *parts: Any,
    title: Any,
    is_busy: Any,
    beat: rx.Var[int],
    look_again: Any,
    close_id: str,
    before: Any = None,
) -> rx.Component:
    """The dialog. While it is busy, it refreshes a moment after each change of `beat`."""
    again = ui.timer(ms=LOOK_EVERY_MS, of=beat.to_string(), on_done=look_again)
    close = [ui.close_dialog(dialog_id), AIProviderState.refresh]
    return ui.dialog(
        dialog_id,
        before,
        rx.el.div(*parts, rx.cond(is_busy, again), class_name="lu-fields lu-stored"),
        ui.actions(ui.button(t("common.close"), on_click=close, data_testid=close_id)),
        title=title,
        wide=True,
        test_id=dialog_id,
    )
