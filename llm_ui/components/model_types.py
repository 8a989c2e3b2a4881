"""The types of models on the admin's page: their list, and the dialogs of one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.icons import icon_choice, model_icon
from llm_ui.components.text import t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.models import TypeRow
from llm_ui.states.ai_models import AIModelState
from llm_ui.states.ai_types import TYPE_CONFIRM, TYPE_FORM

FORM = "type-form"
S = AIModelState


def type_name(kind: rx.Var[str]) -> rx.Var[str]:
    """A type as it is called; those of the application in the reader's language until an
    admin renames them."""
    return t_of("models.type.", kind)


def type_dialog() -> rx.Component:
    """The fields of a type."""

    def wrong(name: str) -> dict[str, Any]:
        return {"aria_invalid": rx.cond(S.type_field == name, "true", "false")}

    shown = type_name(S.type_form.name)
    own_name = (S.type_form.slug != "") & (S.type_form.name == S.type_form.slug)
    form = rx.el.form(
        rx.el.div(
            ui.field(t("models.type_name"), "type-name", default_value=S.type_form.name,
                     max_length=40, auto_complete="off", data_testid="type-name",
                     hint=rx.cond(own_name, t("models.type_name_hint"), ""), **wrong("name")),
            ui.text_field(t("models.description"), "type-description", rows="2", max_length=500,
                          default_value=S.type_form.description,
                          class_name="lu-input lu-writing", data_testid="type-description",
                          **wrong("description")),
            icon_choice("type-icon", S.type_form.icon, none=t("models.icon_no"),
                        test_id="type-icon"),
            settings.trouble(S.type_problem, test_id="type-problem"),
            class_name="lu-fields",
        ),
        rx.el.div(
            ui.button(t("common.cancel"), on_click=ui.close_dialog(TYPE_FORM)),
            ui.button(t("common.save"), look="primary", type="submit", data_testid="type-save"),
            class_name="lu-dialog__actions",
        ),
        id=FORM,
        key=S.type_number.to_string(),
        on_submit=lambda _: S.save_type(ui.fields_of(FORM)),
    )  # fmt: skip
    title = rx.cond(S.type_form.id == "", t("models.type_new"), t("models.type_edit", name=shown))
    return settings.dialog(TYPE_FORM, form, title=title, wide=True, test_id="type-dialog")


def type_question() -> rx.Component:
    """Asks once before a type goes."""
    return settings.confirm(
        TYPE_CONFIRM,
        t("models.type_delete_text", count=S.type_form.models),
        title=t("models.type_delete_title", name=type_name(S.type_form.name)),
        yes=t("models.type_delete"),
        no=t("common.cancel"),
        on_yes=S.delete_type,
        test_id=TYPE_CONFIRM,
    )


def types() -> rx.Component:
    """All types, each with what it means and how many models have it."""

    def act(icon: str, label: Any, test_id: str, **props: Any) -> rx.Component:
        return ui.icon_button(icon, label, small=True, data_testid=test_id, **props)

    def line(kind: rx.Var[TypeRow], index: rx.Var[int]) -> rx.Component:
        name = type_name(kind.name)
        meaning = rx.match(
            kind.slug,
            ("reasoning", rx.el.p(t("models.means.reasoning"), class_name="lu-kind__text")),
            ("embedding", rx.el.p(t("models.means.embedding"), class_name="lu-kind__text")),
            rx.fragment(),
        )
        return rx.el.li(
            rx.el.span(model_icon(kind.icon, 18), class_name="lu-kind__icon"),
            rx.el.div(
                rx.el.p(
                    rx.el.strong(name, class_name="lu-table__name"),
                    rx.el.span(t("admin.models_count", count=kind.models),
                               class_name="lu-kind__count"),
                    class_name="lu-kind__name",
                ),
                rx.cond(
                    kind.description != "",
                    rx.el.p(kind.description, class_name="lu-kind__text"),
                ),
                meaning,
                class_name="lu-kind__words",
            ),
            rx.el.div(
                act("arrow-up", t("models.up", name=name), "type-up", disabled=index == 0,
                    id=f"type-up-{kind.id}", on_click=S.move_type(kind.id, True)),
                act("arrow-down", t("models.down", name=name), "type-down",
                    id=f"type-down-{kind.id}", disabled=index == S.types.length() - 1,
                    on_click=S.move_type(kind.id, False)),
                act("pencil", t("models.type_edit", name=name), "type-edit",
                    on_click=S.open_type(kind.id)),
                act("trash-2", t("models.type_delete_named", name=name), "type-delete",
                    on_click=S.ask_to_delete_type(kind.id)),
                class_name="lu-address__actions",
            ),
            key=kind.id,
            class_name="lu-kind",
            data_testid="type-row",
        )  # fmt: skip

    empty = ui.empty_state(t("models.types_none"), t("models.types_none_text"), test_id="no-types")
    add = ui.button(
        ui.icon("plus", 16), t("models.type_new"), small=True, on_click=S.new_type,
        data_testid="type-new",
    )  # fmt: skip
    return ui.card(
        rx.el.p(t("models.types_text"), class_name="lu-kinds__text"),
        rx.cond(
            S.types.length() > 0,
            rx.el.ul(rx.foreach(S.types, line), class_name="lu-kinds"),
            empty,
        ),
        title=t("models.types_title"),
        extra=add,
    )
