"""The rows of the admin's table of models, and their menu."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.icons import model_icon
from llm_ui.components.model_types import type_name
from llm_ui.components.text import price, short_number, t
from llm_ui.components.ui import settings
from llm_ui.schemas.models import ModelRow
from llm_ui.states.ai_models import AIModelState

MENU = "model-row-menu"
COLUMNS = 8
S = AIModelState
Model = rx.Var[ModelRow]


def _name(model: Model) -> rx.Component:
    marks = rx.fragment(
        rx.cond(
            model.is_default,
            ui.badge(t("models.default"), "ok", data_testid="model-default"),
        ),
        rx.cond(~model.is_available, ui.badge(t("models.gone"), "warn", data_testid="model-gone")),
    )
    return rx.el.td(
        rx.el.div(
            rx.el.span(model_icon(model.icon, 18), class_name="lu-kind__icon"),
            rx.el.div(
                rx.el.div(
                    rx.el.button(
                        model.name, type="button", on_click=S.open_model(model.id),
                        class_name="lu-catalog__open", data_testid="model-open",
                        aria_label=t("models.edit_title", name=model.name),
                    ),
                    marks,
                    class_name="lu-catalog__title",
                ),
                rx.cond(
                    model.upstream != model.name,
                    rx.el.code(model.upstream, class_name="lu-address__url"),
                ),
                class_name="lu-catalog__words",
            ),
            class_name="lu-catalog__name",
        ),
        class_name="lu-catalog__who",
    )  # fmt: skip


def _price(model: Model) -> rx.Component:
    both = rx.fragment(
        price(model.input_micro, model.currency), " / ", price(model.output_micro, model.currency)
    )
    return rx.el.td(
        rx.el.button(
            rx.cond(model.input_micro >= 0, both, t("models.unpriced")),
            type="button",
            title=t("models.prices_title", name=model.name),
            on_click=S.open_prices(model.id),
            class_name=rx.cond(
                model.input_micro >= 0,
                "lu-catalog__price",
                "lu-catalog__price lu-catalog__price--none",
            ),
            data_testid="model-price",
        ),
        class_name="lu-table__num lu-catalog__cost",
    )


def _seen_by(model: Model) -> rx.Component:
    return rx.el.td(
        rx.match(
            model.visibility,
            ("everyone", t("models.seen.everyone")),
            ("admins", t("models.seen.admins")),
            t("models.seen.chosen", count=model.readers),
        ),
        class_name="lu-table__quiet",
        data_testid="model-seen",
    )


def _acts(model: Model, first: rx.Var[bool], last: rx.Var[bool]) -> rx.Component:
    def move(way: str, at_end: rx.Var[bool]) -> rx.Component:
        return ui.icon_button(
            f"arrow-{way}", t(f"models.{way}", name=model.name), small=True,
            id=f"model-{way}-{model.id}", disabled=at_end,
            on_click=S.move_model(model.id, way), data_testid=f"model-{way}",
        )  # fmt: skip

    more = ui.icon_button(
        "ellipsis", t("models.menu", name=model.name), small=True,
        custom_attrs={
            **ui.opens(MENU), "data-id": model.id, "data-title": model.name,
            "data-flags": rx.cond(model.is_default, "default", ""),
        },
        data_testid="model-menu-button",
    )  # fmt: skip
    order = rx.cond(
        S.in_order,
        rx.el.span(
            move("up", first), move("down", last), class_name="lu-catalog__order lu-wide-only"
        ),
    )
    return rx.el.td(
        rx.el.div(order, more, class_name="lu-address__actions"), class_name="lu-catalog__acts"
    )


def model_row(model: Model, index: rx.Var[int]) -> rx.Component:
    """A model in the table; the first of a provider comes with the provider's name."""
    before, after = S.items[index - 1], S.items[index + 1]
    first = (index == 0) | (before.provider_id != model.provider_id)
    is_last_shown = index == S.items.length() - 1
    last = rx.cond(is_last_shown, ~S.has_more, after.provider_id != model.provider_id)
    heading = rx.el.tr(
        rx.el.th(
            model.provider,
            rx.cond(~model.provider_is_active, ui.badge(t("models.provider_off"))),
            col_span=COLUMNS,
            scope="rowgroup",
            class_name="lu-catalog__provider",
        ),
        class_name="lu-catalog__group",
    )
    box = rx.el.input(
        type="checkbox", checked=S.picked.contains(model.id),
        on_change=lambda on: S.pick(model.id, on), aria_label=t("models.pick", name=model.name),
        class_name="lu-check", data_testid="model-pick",
    )  # fmt: skip
    switch = settings.switch(
        t("models.use_named", name=model.name), model.is_active,
        on_click=S.switch_model(model.id, ~model.is_active), data_testid="model-switch",
    )  # fmt: skip
    row = rx.el.tr(
        rx.el.td(box, class_name="lu-catalog__pick"),
        _name(model),
        rx.el.td(
            rx.cond(model.type != "", type_name(model.type), ""), class_name="lu-table__quiet"
        ),
        rx.el.td(
            rx.cond(model.window > 0, short_number(model.window), ""),
            class_name="lu-table__num lu-catalog__window",
        ),
        _price(model),
        _seen_by(model),
        rx.el.td(switch, class_name="lu-catalog__switch"),
        _acts(model, first, last),
        class_name=rx.cond(model.is_active, "", "lu-catalog__row--off"),
        data_testid="model-row",
    )
    return rx.fragment(rx.cond(first, heading), row, key=model.id)


def row_menu() -> rx.Component:
    """What else can be done with a model."""
    model = ui.menu_target("id")

    def item(icon_name: str, name: str, action: Any, unless: str = "") -> rx.Component:
        attrs = {"data-unless": unless} if unless else {}
        return ui.menu_item(
            t(f"models.do.{name}"), icon_name=icon_name, on_click=action, custom_attrs=attrs,
            data_testid=f"do-{name}",
        )  # fmt: skip

    return ui.menu(
        MENU,
        item("pencil", "edit", S.open_model(model)),
        item("coins", "prices", S.open_prices(model)),
        item("star", "default", S.make_default(model, True), "default"),
        item("star-off", "no_default", S.make_default(model, False), "undefault"),
        # Buttons of the row where there is room for them.
        rx.cond(
            S.in_order,
            rx.el.div(
                item("arrow-up", "up", S.move_model(model, "up")),
                item("arrow-down", "down", S.move_model(model, "down")),
                class_name="lu-catalog__narrow",
            ),
        ),
        item("arrow-up-to-line", "top", S.move_model(model, "top")),
        label=t("models.title"),
    )
