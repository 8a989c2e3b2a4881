"""Mode switches beside the composer, for the next question."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.schemas.chats.views import ImageModelItem
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.answers.modes import ModesState


def _switch(
    mode: str, icon_name: str, label: rx.Var[str], hint: rx.Var[str], *more: rx.Component
) -> rx.Component:
    on = ModesState.modes.contains(mode)
    return rx.el.button(
        ui.icon(icon_name, 16),
        rx.el.span(label, class_name="lu-mode__label"),
        *more,
        type="button",
        class_name="lu-mode",
        data_tip=hint,
        on_click=ModesState.toggle_mode(mode),
        data_testid=f"mode-{mode}",
        custom_attrs={"aria-pressed": rx.cond(on, "true", "false")},
    )


def _image_model() -> rx.Component:
    """The choice of image model, if there are several."""

    def option(model: rx.Var[ImageModelItem]) -> rx.Component:
        return rx.el.option(model.name, value=model.id)

    return rx.cond(
        ModesState.modes.contains("image") & (ModesState.image_models.length() > 1),
        rx.el.select(
            rx.foreach(ModesState.image_models, option),
            value=ModesState.image_model_id,
            on_change=ModesState.choose_image_model,
            aria_label=t("modes.image_model"),
            class_name="lu-input lu-mode__choice",
            data_testid="image-model",
        ),
    )


def mode_switches() -> rx.Component:
    """The switches: images, if there is a model for them; thinking, if the model supports it;
    browsing."""
    # Shown by the composer while the draft contains a link.
    offer = rx.el.span(t("modes.browse_offer"), class_name="lu-mode__offer")
    browse_hint = rx.cond(
        ModesState.can_search, t("modes.browse_hint"), t("modes.browse_links_hint")
    )
    return rx.el.div(
        rx.cond(
            ModesState.image_models.length() > 0,
            _switch("image", "image", t("modes.image"), t("modes.image_hint")),
        ),
        _image_model(),
        rx.cond(
            ModelChoiceState.model_thinks,
            _switch("thinking", "brain", t("modes.think"), t("modes.think_hint")),
        ),
        _switch("browsing", "globe", t("modes.browse"), browse_hint, offer),
        role="group",
        aria_label=t("modes.label"),
        class_name="lu-modes",
    )


def composer_hint(meter: rx.Component) -> rx.Component:
    """The line below the composer: what the active mode needs, else how full the context window is,
    else a disclaimer."""
    links_only = ModesState.modes.contains("browsing") & ~ModesState.can_search
    paints = ModesState.modes.contains("image")
    words = rx.el.span(
        rx.cond(
            links_only,
            t("modes.browse_links"),
            rx.cond(paints, t("modes.image_by", model=ModesState.image_model_name), t("chat.hint")),
        ),
        class_name="lu-dock__hint",
        data_testid="composer-hint",
        custom_attrs={"data-needed": rx.cond(links_only, "true", "false")},
    )
    return rx.cond((ModelChoiceState.context.used > 0) & ~links_only & ~paints, meter, words)
