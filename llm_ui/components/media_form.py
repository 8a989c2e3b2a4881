"""The dialogs of the admin's page of media: a provider, a model, a type, and a question."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.provider_result import test_line
from llm_ui.components.text import t, t_of
from llm_ui.components.ui import settings
from llm_ui.services.media_views import ICONS
from llm_ui.states.media import CONFIRM, MediaState
from llm_ui.states.media_forms import MODEL, PROVIDER, TYPE

S = MediaState
FORMS = {PROVIDER: "mediaprovider-form", MODEL: "mediamodel-form", TYPE: "mediatype-form"}
SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536", "512x512")
QUALITIES = ("auto", "low", "medium", "high", "standard", "hd")


def _shut(dialog_id: str) -> rx.event.EventSpec:
    return rx.run_script(f"document.getElementById('{dialog_id}').close()")


def _wrong(name: str) -> rx.Var:
    return rx.cond(S.form_field == name, "true", "false")


def _field(form: str, name: str, label: Any, **props: Any) -> rx.Component:
    return ui.field(
        label, f"{form}-{name}", aria_invalid=_wrong(name), auto_complete="off",
        data_testid=f"media-{name}", **props,
    )  # fmt: skip


def _known(name: str, values: tuple[str, ...]) -> rx.Component:
    """What the usual services take; anything else may be typed."""
    return rx.el.datalist(*[rx.el.option(value=each) for each in values], id=f"media-{name}-known")


def _form(dialog_id: str, *fields: Any, foot: Any, on_submit: Any) -> rx.Component:
    form_id = FORMS[dialog_id]
    return rx.el.form(
        rx.el.div(*fields, class_name="lu-fields"),
        rx.el.div(
            settings.trouble(S.form_problem, test_id="media-problem"),
            foot,
            class_name="lu-dialog__foot",
        ),
        id=form_id,
        key=S.form_number.to_string(),
        on_submit=lambda _: on_submit(ui.fields_of(form_id)),
    )


def _save(dialog_id: str, *aside: Any) -> rx.Component:
    return rx.el.div(
        *aside,
        ui.button(t("common.cancel"), on_click=_shut(dialog_id)),
        ui.button(t("common.save"), look="primary", type="submit", data_testid="media-save"),
        class_name="lu-dialog__actions lu-dialog__actions--aside",
    )


def provider_dialog() -> rx.Component:
    """The fields of a provider of images."""
    key_hint = rx.cond(S.form_key_stored, t("providers.key_stored"), t("providers.key_optional"))
    tried = rx.el.div(
        rx.cond(S.form_tested, test_line(S.form_test)), role="status", data_testid="media-tested"
    )
    test = ui.button(
        rx.cond(S.form_testing, t("providers.testing"), t("providers.test")),
        disabled=S.form_testing,
        on_click=S.test_draft(ui.fields_of(FORMS[PROVIDER])),
        class_name="lu-dialog__aside",
        data_testid="media-test",
    )
    form = _form(
        PROVIDER,
        _field("mediaprovider", "name", t("providers.name"), default_value=S.form_name,
               max_length=100),
        _field("mediaprovider", "base_url", t("providers.base_url"), hint=t("media.url_hint"),
               default_value=S.form_base_url, input_mode="url", max_length=500, spell_check=False),
        _field("mediaprovider", "api_key", t("providers.key"), hint=key_hint, type="password",
               max_length=1000, spell_check=False),
        rx.cond(
            S.form_key_stored,
            settings.tick(t("providers.key_remove"), "mediaprovider-remove_key"),
        ),
        tried,
        foot=_save(PROVIDER, test),
        on_submit=S.save_provider,
    )  # fmt: skip
    title = rx.cond(
        S.form_id == "", t("media.new_provider"), t("providers.edit_named", name=S.form_name)
    )
    return settings.dialog(PROVIDER, form, title=title, wide=True, test_id=PROVIDER)


def model_dialog() -> rx.Component:
    """The fields of a model."""
    model = S.form_model
    params = rx.el.fieldset(
        rx.el.legend(t("media.params"), class_name="lu-field__label"),
        rx.el.div(
            _field("mediamodel", "size", t("media.size"), default_value=model.size,
                   list="media-size-known", max_length=20, placeholder="1024x1024"),
            _field("mediamodel", "quality", t("media.quality"), default_value=model.quality,
                   list="media-quality-known", max_length=40),
            _field("mediamodel", "style", t("media.style"), default_value=model.style,
                   max_length=40),
            _field("mediamodel", "n", t("media.count"),
                   default_value=rx.cond(model.n > 0, model.n.to_string(), ""),
                   input_mode="numeric", max_length=3, placeholder="1"),
            class_name="lu-quarters",
        ),
        _known("size", SIZES),
        _known("quality", QUALITIES),
        rx.el.p(t("media.params_hint"), class_name="lu-field__hint"),
        class_name="lu-field",
    )  # fmt: skip
    form = _form(
        MODEL,
        _field("mediamodel", "name", t("media.model_name"), hint=t("media.model_name_hint"),
               default_value=model.name, max_length=200, spell_check=False,
               placeholder="gpt-image-1"),
        _field("mediamodel", "display_name", t("media.display_name"),
               hint=t("media.display_name_hint"), default_value=model.display_name,
               max_length=200),
        params,
        foot=_save(MODEL),
        on_submit=S.save_model,
    )  # fmt: skip
    title = rx.cond(
        S.form_id == "",
        t("media.new_model", name=S.form_provider_name),
        t("providers.edit_named", name=model.display_name),
    )
    return settings.dialog(MODEL, form, title=title, wide=True, test_id=MODEL)


def type_dialog() -> rx.Component:
    """How a type is described and shown."""
    options = [rx.el.option(t(f"media.icon.{each}"), value=each) for each in ICONS]
    form = _form(
        TYPE,
        ui.select_field(
            t("media.icon"), "mediatype-icon", *options, default_value=S.form_icon,
            data_testid="media-icon",
        ),
        ui.text_field(
            t("media.description"), "mediatype-description", default_value=S.form_description,
            hint=t("media.description_hint"), rows="3", max_length=500,
            data_testid="media-description",
        ),
        foot=_save(TYPE),
        on_submit=S.save_type,
    )  # fmt: skip
    title = t("providers.edit_named", name=t_of("media.type.", S.form_name))
    return settings.dialog(TYPE, form, title=title, test_id=TYPE)


def delete_question() -> rx.Component:
    """Asks once before a provider or a model goes."""
    is_provider = S.doomed_kind == "provider"
    lines = rx.el.div(
        rx.cond(
            is_provider & (S.doomed.models > 0),
            rx.el.p(t("providers.delete_models", count=S.doomed.models)),
        ),
        rx.cond(S.doomed.running > 0, rx.el.p(t("media.delete_running", count=S.doomed.running))),
        rx.el.p(t("media.delete_stay")),
        class_name="lu-dialog__text lu-paragraphs",
    )
    return settings.dialog(
        CONFIRM,
        lines,
        rx.el.div(
            ui.button(t("common.cancel"), on_click=_shut(CONFIRM)),
            ui.button(
                t("providers.delete"), look="danger", disabled=S.deleting,
                on_click=S.delete_doomed, data_testid="media-delete-yes",
            ),
            class_name="lu-dialog__actions",
        ),
        title=t("providers.delete_title", name=S.doomed_name),
        test_id=CONFIRM,
    )  # fmt: skip
