"""Model types on the Models admin page: the list, and the dialogs for a type."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.icons import icon_choice, model_icon
from llm_ui.components.text import t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.models import TypeRow
from llm_ui.states.catalogue.model_types import TYPE_CONFIRM, TYPE_FORM
from llm_ui.states.catalogue.models import AIModelState

S = AIModelState


def type_name(kind: rx.Var[str]) -> rx.Var[str]:
    """The name of a type; built-in types are translated until an administrator renames them."""
    return t_of("models.type.", kind)


def type_dialog() -> rx.Component:
    """The form of a type."""
    kind = S.type_form
    own_name = (kind.slug != "") & (kind.name == kind.slug)
    f = ui.Fields("type", S.type_field)
    name = f.line(
        "name",
        t("models.type_name"),
        kind.name,
        max_length=40,
        hint=rx.cond(own_name, t("models.type_name_hint"), ""),
    )
    description = f.text(
        "description", t("models.description"), kind.description, rows="2", max_length=500
    )
    icons = icon_choice("type-icon", kind.icon, none=t("models.icon_no"), test_id="type-icon")
    problem = settings.trouble(S.type_problem, test_id="type-problem")
    edit = t("models.type_edit", name=type_name(kind.name))
    return ui.form_dialog(
        TYPE_FORM,
        ui.fields(name, description, icons, problem),
        title=rx.cond(kind.id == "", t("models.type_new"), edit),
        on_submit=S.save_type,
        form_id="type-form",
        number=S.type_number,
        wide=True,
        test_id="type-dialog",
        submit_id="type-save",
    )


def type_question() -> rx.Component:
    """The confirmation before a type is deleted."""
    return ui.confirm(
        TYPE_CONFIRM,
        t("models.type_delete_text", count=S.type_form.models),
        title=t("models.type_delete_title", name=type_name(S.type_form.name)),
        yes=t("models.type_delete"),
        on_yes=S.delete_type,
        test_id=TYPE_CONFIRM,
    )


def _line(kind: rx.Var[TypeRow], index: rx.Var[int]) -> rx.Component:
    name = type_name(kind.name)

    def means(what: str) -> rx.Component:
        return rx.el.p(t(f"models.means.{what}"), class_name="lu-kind__text")

    def move(way: str, is_up: bool, at_end: rx.Var[bool]) -> rx.Component:
        return ui.icon_action(
            f"arrow-{way}",
            t(f"models.{way}", name=name),
            S.move_type(kind.id, is_up),
            f"type-{way}",
            id=f"type-{way}-{kind.id}",
            disabled=at_end,
        )

    meaning = rx.match(
        kind.slug,
        ("reasoning", means("reasoning")),
        ("embedding", means("embedding")),
        rx.fragment(),
    )
    count = rx.el.span(t("admin.models_count", count=kind.models), class_name="lu-kind__count")
    about = rx.el.div(
        rx.el.p(rx.el.strong(name, class_name="lu-table__name"), count, class_name="lu-kind__name"),
        rx.cond(kind.description != "", rx.el.p(kind.description, class_name="lu-kind__text")),
        meaning,
        class_name="lu-kind__words",
    )
    edit, delete = t("models.type_edit", name=name), t("models.type_delete_named", name=name)
    return rx.el.li(
        rx.el.span(model_icon(kind.icon, 18), class_name="lu-kind__icon"),
        about,
        rx.el.div(
            move("up", True, index == 0),
            move("down", False, index == S.types.length() - 1),
            ui.icon_action("pencil", edit, S.open_type(kind.id), "type-edit"),
            ui.icon_action("trash-2", delete, S.ask_to_delete_type(kind.id), "type-delete"),
            class_name="lu-address__actions",
        ),
        key=kind.id,
        class_name="lu-kind",
        data_testid="type-row",
    )


def types() -> rx.Component:
    """All types, each with its purpose and its number of models."""
    empty = ui.empty_state(t("models.types_none"), t("models.types_none_text"), test_id="no-types")
    rows = rx.el.ul(rx.foreach(S.types, _line), class_name="lu-kinds")
    return ui.card(
        rx.el.p(t("models.types_text"), class_name="lu-kinds__text"),
        rx.cond(S.types.length() > 0, rows, empty),
        title=t("models.types_title"),
        extra=ui.action(t("models.type_new"), S.new_type, "type-new", icon_name="plus"),
    )
