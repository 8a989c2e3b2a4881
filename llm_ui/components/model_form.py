"""The admin's dialogs of a model and of a type."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.icons import icon_choice
from llm_ui.components.model_types import type_name
from llm_ui.components.text import t
from llm_ui.components.ui import settings
from llm_ui.schemas.models import PersonRef, TypeRow
from llm_ui.states.ai_model_form import FORM as DIALOG
from llm_ui.states.ai_models import AIModelState

FORM = "model-form"
EFFORTS = ("minimal", "low", "medium", "high")
REST_MS = 250
S = AIModelState


def _wrong(name: str) -> dict[str, Any]:
    return {"aria_invalid": rx.cond(S.form_field == name, "true", "false")}


def _field(label: Any, name: str, **props: Any) -> rx.Component:
    return ui.field(
        label, f"model-{name}", auto_complete="off", data_testid=f"model-{name}",
        **_wrong(name), **props,
    )  # fmt: skip


def _area(label: Any, name: str, **props: Any) -> rx.Component:
    return ui.text_field(
        label, f"model-{name}", class_name="lu-input lu-writing", data_testid=f"model-{name}",
        **_wrong(name), **props,
    )  # fmt: skip


# --- what it is -----------------------------------------------------------------------------


def _about() -> rx.Component:
    def option(kind: rx.Var[TypeRow]) -> rx.Component:
        return rx.el.option(type_name(kind.name), value=kind.id)

    kind = ui.select_field(
        t("models.type"), "model-type_id",
        rx.el.option(t("models.type_none"), value=""), rx.foreach(S.types, option),
        default_value=S.form.row.type_id, hint=t("models.type_hint"), data_testid="model-type_id",
        **_wrong("type_id"),
    )  # fmt: skip
    place = _field(
        t("models.place"), "place", hint=t("models.place_hint", places=S.form.places),
        default_value=S.form.place.to_string(), input_mode="numeric", max_length=6,
    )  # fmt: skip
    return rx.fragment(
        _field(t("models.name"), "display_name", default_value=S.form.row.name, max_length=200,
               hint=t("models.name_hint", name=S.form.row.upstream)),
        _area(t("models.description"), "description", default_value=S.form.row.description,
              hint=t("models.description_hint"), max_length=1000, rows="2"),
        rx.el.div(kind, place, class_name="lu-halves"),
        icon_choice("model-icon", S.form.own_icon, none=t("models.icon_none"),
                    test_id="model-icon"),
    )  # fmt: skip


def _abilities() -> rx.Component:
    def hint(field: str) -> rx.Var:
        own = S.form.fixed.contains(field)
        return rx.cond(own, t("models.size_fixed"), t("models.size_hint"))

    def can(name: str, label: Any, on: Any) -> rx.Component:
        return settings.tick(
            label, f"model-can_{name}", default_checked=on, data_testid=f"model-can_{name}"
        )

    sizes = rx.el.div(
        _field(t("models.window"), "context_window", default_value=S.form_window,
               hint=hint("context_window"), input_mode="numeric", max_length=14),
        _field(t("models.longest"), "longest", default_value=S.form_longest,
               hint=hint("max_tokens"), input_mode="numeric", max_length=14),
        class_name="lu-halves",
    )  # fmt: skip
    able = rx.el.fieldset(
        rx.el.legend(t("models.abilities"), class_name="lu-field__label"),
        can("thinking", t("models.can_think"), S.form_thinks),
        can("vision", t("models.can_see"), S.form_sees),
        class_name="lu-field lu-ticks",
    )
    return rx.fragment(sizes, able)


# --- who may use it -------------------------------------------------------------------------


def _reader(person: rx.Var[PersonRef]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(person.name, class_name="lu-readers__name"),
            rx.el.span(person.email, class_name="lu-readers__email"),
            class_name="lu-readers__words",
        ),
        ui.icon_button(
            "x", t("models.reader_drop", name=person.name), small=True,
            on_click=S.drop_reader(person.id), data_testid="reader-drop",
        ),
        key=person.id,
        class_name="lu-readers__row",
        data_testid="reader",
    )  # fmt: skip


def _found(person: rx.Var[PersonRef]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            ui.icon("plus", 16),
            rx.el.span(
                rx.el.span(person.name, class_name="lu-readers__name"),
                rx.el.span(person.email, class_name="lu-readers__email"),
                class_name="lu-readers__words",
            ),
            type="button",
            aria_label=t("models.reader_add", name=person.name, email=person.email),
            class_name="lu-readers__add",
            on_click=S.add_reader(person.id),
            data_testid="reader-found",
        ),
        key=person.id,
    )


def _readers() -> rx.Component:
    search = rx.el.input(
        # No field of the type "search": Escape would empty that instead of leaving the form.
        id="model-reader", type="text", input_mode="search",
        placeholder=t("models.reader_search"),
        aria_label=t("models.reader_search"), max_length=200, auto_complete="off",
        on_change=S.look_for_readers.debounce(REST_MS), class_name="lu-input",
        key=S.form_number.to_string(), data_testid="reader-search",
    )  # fmt: skip
    nobody = rx.cond(S.form_looked, rx.el.p(t("models.reader_none"), class_name="lu-field__hint"))
    return rx.el.div(
        rx.cond(
            S.form_readers.length() > 0,
            rx.el.ul(rx.foreach(S.form_readers, _reader), class_name="lu-readers__list",
                     aria_label=t("models.visible.chosen")),
            rx.el.p(t("models.readers_empty"), class_name="lu-field__hint"),
        ),
        search,
        rx.el.div(
            rx.cond(
                S.form_found.length() > 0,
                rx.el.ul(rx.foreach(S.form_found, _found), class_name="lu-readers__found"),
                nobody,
            ),
            role="status",
        ),
        class_name="lu-readers",
    )  # fmt: skip


def _visibility() -> rx.Component:
    def way(value: str) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="radio", name="model-visibility", value=value,
                default_checked=S.form.row.visibility == value,
                on_change=S.choose_visibility(value),
                data_testid=f"visible-{value}",
            ),
            rx.el.span(t(f"models.visible.{value}")),
            class_name="lu-people__way",
        )  # fmt: skip

    return rx.el.fieldset(
        rx.el.legend(t("models.visibility"), class_name="lu-field__label"),
        way("everyone"),
        way("admins"),
        way("chosen"),
        rx.cond(S.form_visibility == "chosen", _readers()),
        class_name="lu-field lu-people__ways",
    )


# --- what it is asked with ------------------------------------------------------------------


def _param(name: str, shown: Any) -> rx.Component:
    return rx.cond(S.form.accepts.contains(name), shown)


def _params() -> rx.Component:
    kept = S.form.settings

    def figure(name: str, mode: str, **props: Any) -> rx.Component:
        field = _field(
            t(f"settings.{name}"), name, default_value=getattr(kept, name), input_mode=mode,
            placeholder=t("settings.default"), max_length=20, **props,
        )  # fmt: skip
        return _param(name, field)

    effort = ui.select_field(
        t("settings.reasoning_effort"), "model-reasoning_effort",
        rx.el.option(t("settings.default"), value=""),
        *[rx.el.option(t(f"settings.effort.{each}"), value=each) for each in EFFORTS],
        default_value=kept.reasoning_effort, data_testid="model-reasoning_effort",
        **_wrong("reasoning_effort"),
    )  # fmt: skip
    return rx.fragment(
        _area(t("settings.system_prompt"), "prompt", default_value=S.form.system_prompt,
              hint=t("models.prompt_hint"), max_length=20_000, rows="3"),
        rx.el.div(
            figure("temperature", "decimal", hint=t("settings.temperature_hint")),
            figure("top_p", "decimal", hint=t("settings.top_p_hint")),
            figure("max_tokens", "numeric"),
            figure("seed", "numeric"),
            _param("reasoning_effort", effort),
            class_name="lu-halves",
        ),
        _param("stop", _area(t("settings.stop"), "stop", default_value=kept.stop, rows="2",
                             hint=t("settings.stop_hint"), max_length=500)),
    )  # fmt: skip


def _more() -> rx.Component:
    is_there = (S.form.settings.count > 0) | (S.form.system_prompt != "")
    for name in ("prompt", "temperature", "top_p", "max_tokens", "seed", "stop"):
        is_there = is_there | (S.form_field == name)
    return rx.el.details(
        rx.el.summary(ui.icon("chevron-right", 16), t("models.defaults"),
                      data_testid="model-more"),
        rx.el.div(
            rx.el.p(t("models.defaults_text"), class_name="lu-notice"),
            _params(),
            class_name="lu-fields",
        ),
        open=is_there,
        class_name="lu-more",
    )  # fmt: skip


def model_dialog() -> rx.Component:
    """All that can be set of a model."""
    actions = rx.el.div(
        ui.button(t("common.cancel"), on_click=ui.close_dialog(DIALOG)),
        ui.button(t("common.save"), look="primary", type="submit", data_testid="model-save"),
        class_name="lu-dialog__actions",
    )
    form = rx.el.form(
        rx.el.div(_about(), _abilities(), _visibility(), _more(), class_name="lu-fields"),
        rx.el.div(
            settings.trouble(S.form_problem, test_id="model-problem"),
            actions,
            class_name="lu-dialog__foot",
        ),
        id=FORM,
        key=S.form_number.to_string(),
        on_submit=lambda _: S.save_model(ui.fields_of(FORM)),
    )
    title = t("models.edit_title", name=S.form.row.name)
    return settings.dialog(DIALOG, form, title=title, wide=True, test_id="model-dialog")
