"""The administrator's dialogs for models and model types."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.icons import icon_choice
from llm_ui.components.catalogue.media_form import image_settings
from llm_ui.components.catalogue.model_types import type_name
from llm_ui.components.text import t
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.models import PersonRef, TypeRow
from llm_ui.states.catalogue.model_form import FORM as DIALOG
from llm_ui.states.catalogue.models import AIModelState

FORM = "model-form"
EFFORTS = ("minimal", "low", "medium", "high")
S = AIModelState
F = ui.Fields("model", S.form_field)


# --- what it is -----------------------------------------------------------------------------


def _about() -> rx.Component:
    def option(kind: rx.Var[TypeRow]) -> rx.Component:
        return rx.el.option(type_name(kind.name), value=kind.id)

    row = S.form.row
    none = rx.el.option(t("models.type_none"), value="")
    return rx.fragment(
        F.line(
            "display_name",
            t("models.name"),
            row.name,
            max_length=200,
            hint=t("models.name_hint", name=row.upstream),
        ),
        F.text(
            "description",
            t("models.description"),
            row.description,
            hint=t("models.description_hint"),
            max_length=1000,
            rows="2",
        ),
        ui.halves(
            F.choice(
                "type_id",
                t("models.type"),
                [none, rx.foreach(S.types, option)],
                row.type_id,
                hint=t("models.type_hint"),
            ),
            F.line(
                "place",
                t("models.place"),
                S.form.place.to_string(),
                hint=t("models.place_hint", places=S.form.places),
                input_mode="numeric",
                max_length=6,
            ),
        ),
        icon_choice(
            "model-icon", S.form.own_icon, none=t("models.icon_none"), test_id="model-icon"
        ),
    )


def _abilities() -> rx.Component:
    def size(name: str, label: Any, value: Any, fixed: str) -> rx.Component:
        hint = rx.cond(S.form.fixed.contains(fixed), t("models.size_fixed"), t("models.size_hint"))
        return F.line(name, label, value, hint=hint, input_mode="numeric", max_length=14)

    def can(name: str, label: Any, on: Any) -> rx.Component:
        full = f"model-can_{name}"
        return settings.tick(label, full, default_checked=on, data_testid=full)

    return rx.fragment(
        ui.halves(
            size("context_window", t("models.window"), S.form_window, "context_window"),
            size("longest", t("models.longest"), S.form_longest, "max_tokens"),
        ),
        rx.el.fieldset(
            rx.el.legend(t("models.abilities"), class_name="lu-field__label"),
            can("thinking", t("models.can_think"), S.form_thinks),
            can("vision", t("models.can_see"), S.form_sees),
            class_name="lu-field lu-ticks",
        ),
    )


# --- who may use it -------------------------------------------------------------------------


def _person(person: rx.Var[PersonRef]) -> rx.Component:
    return rx.el.span(
        rx.el.span(person.name, class_name="lu-readers__name"),
        rx.el.span(person.email, class_name="lu-readers__email"),
        class_name="lu-readers__words",
    )


def _reader(person: rx.Var[PersonRef]) -> rx.Component:
    drop = t("models.reader_drop", name=person.name)
    return rx.el.li(
        _person(person),
        ui.icon_action("x", drop, S.drop_reader(person.id), "reader-drop"),
        key=person.id,
        class_name="lu-readers__row",
        data_testid="reader",
    )


def _found(person: rx.Var[PersonRef]) -> rx.Component:
    add = rx.el.button(
        ui.icon("plus", 16),
        _person(person),
        type="button",
        aria_label=t("models.reader_add", name=person.name, email=person.email),
        class_name="lu-readers__add",
        on_click=S.add_reader(person.id),
        data_testid="reader-found",
    )
    return rx.el.li(add, key=person.id)


def _readers() -> rx.Component:
    search = rx.el.input(
        # Not type "search": Escape would clear the field instead of closing the form.
        id="model-reader",
        type="text",
        input_mode="search",
        placeholder=t("models.reader_search"),
        aria_label=t("models.reader_search"),
        max_length=200,
        auto_complete="off",
        on_change=S.look_for_readers.debounce(ui.REST_MS),
        class_name="lu-input",
        key=S.form_number.to_string(),
        data_testid="reader-search",
    )
    nobody = rx.cond(S.form_looked, rx.el.p(t("models.reader_none"), class_name="lu-field__hint"))
    chosen = rx.el.ul(
        rx.foreach(S.form_readers, _reader),
        class_name="lu-readers__list",
        aria_label=t("models.visible.chosen"),
    )
    none = rx.el.p(t("models.readers_empty"), class_name="lu-field__hint")
    found = rx.el.ul(rx.foreach(S.form_found, _found), class_name="lu-readers__found")
    return rx.el.div(
        rx.cond(S.form_readers.length() > 0, chosen, none),
        search,
        rx.el.div(rx.cond(S.form_found.length() > 0, found, nobody), role="status"),
        class_name="lu-readers",
    )


def _visibility() -> rx.Component:
    def way(value: str) -> rx.Component:
        radio = rx.el.input(
            type="radio",
            name="model-visibility",
            value=value,
            default_checked=S.form.row.visibility == value,
            on_change=S.choose_visibility(value),
            data_testid=f"visible-{value}",
        )
        words = rx.el.span(t(f"models.visible.{value}"))
        return rx.el.label(radio, words, class_name="lu-people__way")

    return rx.el.fieldset(
        rx.el.legend(t("models.visibility"), class_name="lu-field__label"),
        *[way(each) for each in ("everyone", "admins", "chosen")],
        rx.cond(S.form_visibility == "chosen", _readers()),
        class_name="lu-field lu-people__ways",
    )


# --- what it is asked with ------------------------------------------------------------------


def _param(name: str, shown: Any) -> rx.Component:
    return rx.cond(S.form.accepts.contains(name), shown)


def _params() -> rx.Component:
    kept, default = S.form.settings, t("settings.default")

    def figure(name: str, mode: str, **props: Any) -> rx.Component:
        label, value = t(f"settings.{name}"), getattr(kept, name)
        field = F.line(
            name, label, value, input_mode=mode, placeholder=default, max_length=20, **props
        )
        return _param(name, field)

    effort = F.choice(
        "reasoning_effort",
        t("settings.reasoning_effort"),
        ui.options("settings.effort.", EFFORTS, any_of="settings.default"),
        kept.reasoning_effort,
    )
    prompt = F.text(
        "prompt",
        t("settings.system_prompt"),
        S.form.system_prompt,
        hint=t("models.prompt_hint"),
        max_length=20_000,
        rows="3",
    )
    stop = F.text(
        "stop",
        t("settings.stop"),
        kept.stop,
        rows="2",
        hint=t("settings.stop_hint"),
        max_length=500,
    )
    return rx.fragment(
        prompt,
        ui.halves(
            figure("temperature", "decimal", hint=t("settings.temperature_hint")),
            figure("top_p", "decimal", hint=t("settings.top_p_hint")),
            figure("max_tokens", "numeric"),
            figure("seed", "numeric"),
            _param("reasoning_effort", effort),
        ),
        _param("stop", stop),
    )


def _more() -> rx.Component:
    is_there = (S.form.settings.count > 0) | (S.form.system_prompt != "")
    for name in ("prompt", "temperature", "top_p", "max_tokens", "seed", "stop"):
        is_there = is_there | (S.form_field == name)
    notice = rx.el.p(t("models.defaults_text"), class_name="lu-notice")
    return ui.more(t("models.defaults"), notice, _params(), is_open=is_there, test_id="model-more")


def model_dialog() -> rx.Component:
    """The dialog with all settings of a model."""
    return ui.form_dialog(
        DIALOG,
        ui.fields(
            _about(),
            rx.cond(S.form.row.makes_images, image_settings(F), _abilities()),
            _visibility(),
            rx.cond(~S.form.row.makes_images, _more()),
        ),
        problem=settings.trouble(S.form_problem, test_id="model-problem"),
        title=t("models.edit_title", name=S.form.row.name),
        on_submit=S.save_model,
        form_id=FORM,
        number=S.form_number,
        wide=True,
        test_id="model-dialog",
        submit_id="model-save",
    )
