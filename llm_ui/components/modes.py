"""The switches beside the composer: how the next question is asked."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.schemas.media import ImageModelItem
from llm_ui.states.chat import ChatState


def _switch(
    mode: str, icon_name: str, label: rx.Var[str], hint: rx.Var[str], *more: rx.Component
) -> rx.Component:
    on = ChatState.modes.contains(mode)
    return rx.el.button(
        ui.icon(icon_name, 16),
        rx.el.span(label, class_name="lu-mode__label"),
        *more,
        type="button",
        class_name="lu-mode",
        data_tip=hint,
        on_click=ChatState.toggle_mode(mode),
        data_testid=f"mode-{mode}",
        custom_attrs={"aria-pressed": rx.cond(on, "true", "false")},
    )


def _image_model() -> rx.Component:
    """Which model makes the image, if there are several."""

    def option(model: rx.Var[ImageModelItem]) -> rx.Component:
        return rx.el.option(model.name, value=model.id)

    return rx.cond(
        ChatState.modes.contains("image") & (ChatState.image_models.length() > 1),
        rx.el.select(
            rx.foreach(ChatState.image_models, option),
            value=ChatState.image_model_id,
            on_change=ChatState.choose_image_model,
            aria_label=t("mode.image_model"),
            class_name="lu-input lu-mode__choice",
            data_testid="image-model",
        ),
    )


def mode_switches() -> rx.Component:
    """An image, where there is a model for it; thinking, where the model can be asked for it;
    and browsing."""
    # Shown by the composer while a link stands in what is being written.
    offer = rx.el.span(t("mode.browse_offer"), class_name="lu-mode__offer")
    browse_hint = rx.cond(ChatState.can_search, t("mode.browse_hint"), t("mode.browse_links_hint"))
    return rx.el.div(
        rx.cond(
            ChatState.image_models.length() > 0,
            _switch("image", "image", t("mode.image"), t("mode.image_hint")),
        ),
        _image_model(),
        rx.cond(
            ChatState.model_thinks,
            _switch("thinking", "brain", t("mode.think"), t("mode.think_hint")),
        ),
        _switch("browsing", "globe", t("mode.browse"), browse_hint, offer),
        role="group",
        aria_label=t("mode.label"),
        class_name="lu-modes",
    )


def composer_hint(meter: rx.Component) -> rx.Component:
    """The foot of the composer: what the mode that is on needs, else how full the window
    is, else a reminder."""
    links_only = ChatState.modes.contains("browsing") & ~ChatState.can_search
    paints = ChatState.modes.contains("image")
    words = rx.el.span(
        rx.cond(
            links_only,
            t("mode.browse_links"),
            rx.cond(paints, t("mode.image_by", model=ChatState.image_model_name), t("chat.hint")),
        ),
        class_name="lu-dock__hint",
        data_testid="composer-hint",
        custom_attrs={"data-needed": rx.cond(links_only, "true", "false")},
    )
    return rx.cond((ChatState.context.used > 0) & ~links_only & ~paints, meter, words)
