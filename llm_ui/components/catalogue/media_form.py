"""Image settings in the form of a model, and the dialogs of the page of media."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.models import Named
from llm_ui.states.catalogue.media import ADD_FORM, CONFIRM
from llm_ui.states.catalogue.models import AIModelState

SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536", "512x512")
QUALITIES = ("auto", "low", "medium", "high", "standard", "hd")
S = AIModelState
F = ui.Fields("media", S.adding_field)


def _known(name: str, values: tuple[str, ...]) -> rx.Component:
    """Suggestions that the common services accept; other values can be typed."""
    return rx.el.datalist(*[rx.el.option(value=each) for each in values], id=f"media-{name}-known")


def image_settings(fields: ui.Fields) -> rx.Component:
    """Form fields for image models."""

    def one(name: str, label: Any, **props: Any) -> rx.Component:
        return fields.line(name, label, S.form.params[name], **props)

    return rx.el.fieldset(
        rx.el.legend(t("media.params"), class_name="lu-field__label"),
        rx.el.div(
            one(
                "size",
                t("media.size"),
                list="media-size-known",
                max_length=20,
                placeholder="1024x1024",
            ),
            one("quality", t("media.quality"), list="media-quality-known", max_length=40),
            one("style", t("media.style"), max_length=40),
            one("n", t("media.count"), input_mode="numeric", max_length=3, placeholder="1"),
            class_name="lu-quarters",
        ),
        _known("size", SIZES),
        _known("quality", QUALITIES),
        rx.el.p(t("media.params_hint"), class_name="lu-field__hint"),
        class_name="lu-field",
    )


def add_dialog() -> rx.Component:
    """The dialog to add a model by name, for a provider that creates images."""

    def option(each: rx.Var[Named]) -> rx.Component:
        return rx.el.option(each.name, value=each.id)

    name = F.line(
        "name",
        t("media.model_name"),
        hint=t("media.model_name_hint"),
        max_length=200,
        spell_check=False,
        placeholder="gpt-image-1",
    )
    providers = [rx.foreach(S.media_providers, option)]
    return ui.form_dialog(
        ADD_FORM,
        ui.fields(F.choice("provider", t("models.provider"), providers), name),
        problem=settings.trouble(S.adding_problem, test_id="media-problem"),
        title=t("media.add_model"),
        on_submit=S.add_model,
        form_id="media-form",
        number=S.adding_number,
        test_id=ADD_FORM,
        submit_id="media-save",
    )


def delete_question() -> rx.Component:
    """The confirmation before a model is deleted."""
    about = rx.el.div(
        rx.cond(S.doomed_running > 0, rx.el.p(t("media.delete_running", count=S.doomed_running))),
        rx.el.p(t("media.delete_stay")),
        class_name="lu-dialog__text lu-paragraphs",
    )
    return ui.confirm(
        CONFIRM,
        about,
        title=t("providers.delete_title", name=S.doomed_name),
        yes=t("providers.delete"),
        on_yes=S.remove_model(S.doomed_id),
        disabled=S.deleting,
        yes_id="media-delete-yes",
        test_id=CONFIRM,
    )
