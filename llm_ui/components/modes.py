"""The switches beside the composer: how the next question is asked."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.states.chat import ChatState


def _switch(mode: str, icon_name: str, label: rx.Var[str], hint: rx.Var[str]) -> rx.Component:
    on = ChatState.modes.contains(mode)
    return rx.el.button(
        ui.icon(icon_name, 16),
        rx.el.span(label, class_name="lu-mode__label"),
        type="button",
        class_name="lu-mode",
        title=hint,
        on_click=ChatState.toggle_mode(mode),
        data_testid=f"mode-{mode}",
        custom_attrs={"aria-pressed": rx.cond(on, "true", "false")},
    )


def mode_switches() -> rx.Component:
    """Thinking, where the model can be asked for it, and browsing."""
    browse_hint = rx.cond(ChatState.can_search, t("mode.browse_hint"), t("mode.browse_links_hint"))
    return rx.el.div(
        rx.cond(
            ChatState.model_thinks,
            _switch("thinking", "brain", t("mode.think"), t("mode.think_hint")),
        ),
        _switch("browsing", "globe", t("mode.browse"), browse_hint),
        role="group",
        aria_label=t("mode.label"),
        class_name="lu-modes",
    )


def composer_hint() -> rx.Component:
    """The words at the composer's foot: what the mode that is on needs, else a reminder."""
    links_only = ChatState.modes.contains("browsing") & ~ChatState.can_search
    return rx.el.span(
        rx.cond(links_only, t("mode.browse_links"), t("chat.hint")),
        class_name="lu-dock__hint",
        data_testid="composer-hint",
        custom_attrs={"data-needed": rx.cond(links_only, "true", "false")},
    )
