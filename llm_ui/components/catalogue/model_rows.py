"""The rows of the administrator's table of models, and their menu."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.icons import model_icon
from llm_ui.components.catalogue.model_types import type_name
from llm_ui.components.text import price, short_number, t
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.models import ModelRow
from llm_ui.states.catalogue.models import AIModelState

MENU = "model-row-menu"
S = AIModelState
Model = rx.Var[ModelRow]


def _name(model: Model) -> rx.Component:
    default = ui.badge(t("models.default"), "ok", data_testid="model-default")
    gone = ui.badge(t("models.gone"), "warn", data_testid="model-gone")
    upstream = rx.el.code(model.upstream, class_name="lu-address__url")
    title = rx.el.div(
        rx.el.button(
            model.name,
            type="button",
            on_click=S.open_model(model.id),
            class_name="lu-catalog__open",
            data_testid="model-open",
            aria_label=t("models.edit_title", name=model.name),
        ),
        rx.fragment(rx.cond(model.is_default, default), rx.cond(~model.is_available, gone)),
        class_name="lu-catalog__title",
    )
    return rx.el.div(
        rx.el.span(model_icon(model.icon, 18), class_name="lu-kind__icon"),
        rx.el.div(
            title,
            rx.cond(model.upstream != model.name, upstream),
            class_name="lu-catalog__words",
        ),
        class_name="lu-catalog__name",
    )


def _price(model: Model) -> rx.Component:
    input_price = price(model.input_micro, model.currency)
    both = rx.fragment(input_price, " / ", price(model.output_micro, model.currency))
    there_is = model.input_micro >= 0
    return rx.el.button(
        rx.cond(there_is, both, t("models.unpriced")),
        type="button",
        title=t("models.prices_title", name=model.name),
        on_click=S.open_prices(model.id),
        class_name=rx.cond(
            there_is, "lu-catalog__price", "lu-catalog__price lu-catalog__price--none"
        ),
        data_testid="model-price",
    )


def _seen_by(model: Model) -> rx.Component:
    return rx.match(
        model.visibility,
        ("everyone", t("models.seen.everyone")),
        ("admins", t("models.seen.admins")),
        t("models.seen.chosen", count=model.readers),
    )


def _pick(model: Model) -> rx.Component:
    return rx.el.input(
        type="checkbox",
        checked=S.picked.contains(model.id),
        on_change=lambda on: S.pick(model.id, on),
        aria_label=t("models.pick", name=model.name),
        class_name="lu-check",
        data_testid="model-pick",
    )


def _switch(model: Model) -> rx.Component:
    return settings.switch(
        t("models.use_named", name=model.name),
        model.is_active,
        on_click=S.switch_model(model.id, ~model.is_active),
        data_testid="model-switch",
    )


def _acts(model: Model, first: rx.Var[bool], last: rx.Var[bool]) -> rx.Component:
    def move(way: str, at_end: rx.Var[bool]) -> rx.Component:
        return ui.icon_action(
            f"arrow-{way}",
            t(f"models.{way}", name=model.name),
            S.move_model(model.id, way),
            f"model-{way}",
            id=f"model-{way}-{model.id}",
            disabled=at_end,
        )

    more = ui.row_menu_button(
        MENU,
        t("models.menu", name=model.name),
        id=model.id,
        title=model.name,
        flags=rx.cond(model.is_default, "default", ""),
        test_id="model-menu-button",
    )
    order = rx.el.span(
        move("up", first), move("down", last), class_name="lu-catalog__order lu-wide-only"
    )
    return rx.el.div(rx.cond(S.in_order, order), more, class_name="lu-address__actions")


COLUMNS = (
    ui.Column(t("models.pick_column"), _pick, "lu-catalog__pick", unseen=True),
    ui.Column(t("models.model"), _name, "lu-catalog__who"),
    ui.Column(
        t("models.type"),
        lambda model: rx.cond(model.type != "", type_name(model.type), ""),
        "lu-table__quiet",
    ),
    ui.Column(
        t("models.window_short"),
        lambda model: rx.cond(model.window > 0, short_number(model.window), ""),
        "lu-catalog__window",
        number=True,
    ),
    ui.Column(t("models.price_short"), _price, "lu-catalog__cost", number=True),
    ui.Column(t("models.visibility_short"), _seen_by, "lu-table__quiet", test_id="model-seen"),
    ui.Column(t("models.on"), _switch, "lu-catalog__switch"),
)
ACTS = (ui.unseen(t("models.acts")), "")


def _row(model: Model, index: rx.Var[int]) -> rx.Component:
    """A row of the table; the first of each provider includes the provider's name."""
    before, after = S.items[index - 1], S.items[index + 1]
    first = (index == 0) | (before.provider_id != model.provider_id)
    is_last_shown = index == S.items.length() - 1
    last = rx.cond(is_last_shown, ~S.has_more, after.provider_id != model.provider_id)
    provider = rx.el.th(
        model.provider,
        rx.cond(~model.provider_is_active, ui.badge(t("models.provider_off"))),
        col_span=len(COLUMNS) + 1,
        scope="rowgroup",
        class_name="lu-catalog__provider",
    )
    row = rx.el.tr(
        *[column.of(model) for column in COLUMNS],
        rx.el.td(_acts(model, first, last), class_name="lu-catalog__acts"),
        class_name=rx.cond(model.is_active, "", "lu-catalog__row--off"),
        data_testid="model-row",
    )
    heading = rx.el.tr(provider, class_name="lu-catalog__group")
    return rx.fragment(rx.cond(first, heading), row, key=model.id)


def models_table() -> rx.Component:
    """The table of models, grouped by provider."""
    heads = [*(column.head() for column in COLUMNS), ACTS]
    return ui.table(heads, rx.foreach(S.items, _row), label=t("models.title"), test_id="models")


def row_menu() -> rx.Component:
    """The menu of a row, for further actions."""
    model = ui.menu_target("id")

    def item(icon_name: str, name: str, action: Any, unless: str = "") -> rx.Component:
        words = t(f"models.do.{name}")
        return ui.row_menu_item(icon_name, words, action, f"do-{name}", unless=unless)

    # Shown as buttons in the row if there is enough room.
    order = rx.el.div(
        item("arrow-up", "up", S.move_model(model, "up")),
        item("arrow-down", "down", S.move_model(model, "down")),
        class_name="lu-catalog__narrow",
    )
    return ui.menu(
        MENU,
        item("pencil", "edit", S.open_model(model)),
        item("coins", "prices", S.open_prices(model)),
        item("star", "default", S.make_default(model, True), "default"),
        item("star-off", "no_default", S.make_default(model, False), "undefault"),
        rx.cond(S.in_order, order),
        item("arrow-up-to-line", "top", S.move_model(model, "top")),
        label=t("models.title"),
    )
