"""The admin's dialog of a model's prices: the list, and the form below it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import day, price, t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.models import PriceRow
from llm_ui.states.ai_model_prices import PRICES
from llm_ui.states.ai_models import AIModelState

FORM = "price-form"
S = AIModelState


def _amount(micro: rx.Var[int], currency: rx.Var[str], otherwise: Any) -> rx.Component:
    return rx.cond(micro >= 0, price(micro, currency), otherwise)


def _price(price: rx.Var[PriceRow]) -> rx.Component:
    tone = rx.match(price.state, ("now", "ok"), ("future", "warn"), "")

    def cell(label: Any, micro: Any, otherwise: Any = "") -> rx.Component:
        return rx.el.td(
            rx.el.span(label, class_name="lu-people__narrow"),
            _amount(micro, price.currency, otherwise),
            class_name="lu-table__num",
        )

    return rx.el.tr(
        rx.el.td(
            rx.el.span(
                rx.el.strong(day(price.valid_from), class_name="lu-table__name"),
                ui.badge(t_of("models.price_state.", price.state), tone,
                         data_testid="price-state"),
                class_name="lu-people__name",
            ),
            rx.cond(
                price.source != "",
                rx.el.span(t("models.price_source", day=day(price.source)),
                           class_name="lu-people__email"),
            ),
            class_name="lu-people__who",
        ),
        cell(t("models.price_input"), price.input_micro),
        cell(t("models.price_cached"), price.cached_micro, t("models.price_as_input")),
        cell(t("models.price_output"), price.output_micro),
        cell(t("models.price_reasoning"), price.reasoning_micro, t("models.price_as_output")),
        rx.el.td(
            rx.el.div(
                ui.icon_button(
                    "pencil", t("models.price_edit", day=day(price.valid_from)), small=True,
                    on_click=S.open_price(price.id), data_testid="price-edit",
                ),
                ui.icon_button(
                    "trash-2", t("models.price_delete", day=day(price.valid_from)), small=True,
                    on_click=S.delete_price(price.id), data_testid="price-delete",
                ),
                class_name="lu-address__actions",
            ),
            class_name="lu-prices__acts",
        ),
        key=price.id,
        data_testid="price-row",
    )  # fmt: skip


def _list() -> rx.Component:
    headings = (
        (t("models.price_from"), ""),
        (t("models.price_input"), "lu-table__num"),
        (t("models.price_cached"), "lu-table__num"),
        (t("models.price_output"), "lu-table__num"),
        (t("models.price_reasoning"), "lu-table__num"),
        (rx.el.span(t("models.acts"), class_name="lu-sr"), ""),
    )
    table = ui.table(
        headings, rx.foreach(S.price_rows, _price), label=t("models.prices"), test_id="prices"
    )
    none = rx.el.p(t("models.prices_none"), class_name="lu-notice", data_testid="no-prices")
    return rx.cond(S.price_rows.length() > 0, table, none)


def _offer() -> rx.Component:
    listed = S.price_listed
    words = t(
        "models.listed",
        day=day(listed.day),
        input=price(listed.input_micro, listed.currency),
        output=price(listed.output_micro, listed.currency),
    )
    return rx.cond(
        listed.day != "",
        rx.el.div(
            rx.el.p(
                words, " ",
                rx.el.a(t("models.listed_page"), href=listed.page, target="_blank",
                        rel="noopener noreferrer", class_name="lu-link"),
            ),
            ui.button(
                t("models.listed_use", day=day(listed.day)), small=True, on_click=S.use_listed,
                data_testid="use-listed",
            ),
            class_name="lu-notice lu-prices__offer",
            data_testid="listed-price",
        ),
    )  # fmt: skip


def _form() -> rx.Component:
    def wrong(name: str) -> dict[str, Any]:
        return {"aria_invalid": rx.cond(S.price_field == name, "true", "false")}

    def field(name: str, label: Any, value: Any, **props: Any) -> rx.Component:
        return ui.field(
            label, f"price-{name}", default_value=value, auto_complete="off",
            data_testid=f"price-{name}", **wrong(name), **props,
        )  # fmt: skip

    def amount(name: str, **props: Any) -> rx.Component:
        label = t(f"models.price_{name}")
        return field(name, label, S.price_amounts[name], input_mode="decimal", max_length=20,
                     **props)  # fmt: skip

    as_input = {"placeholder": t("models.price_as_input")}
    as_output = {"placeholder": t("models.price_as_output")}
    return rx.el.form(
        rx.el.h3(
            rx.cond(S.price_id != "", t("models.price_change"), t("models.price_new")),
            class_name="lu-prices__title",
        ),
        rx.cond(
            S.price_undone,
            rx.el.p(t("models.price_deleted"), class_name="lu-notice", role="status"),
        ),
        rx.el.div(
            field("valid_from", t("models.price_from"), S.price_from, type="date",
                  hint=t("models.price_day_hint")),
            field("currency", t("models.price_currency"), S.price_currency, max_length=3,
                  hint=t("models.price_currency_hint")),
            class_name="lu-halves",
        ),
        rx.el.div(
            amount("input"), amount("cached", **as_input),
            amount("output"), amount("reasoning", **as_output),
            class_name="lu-quarters",
        ),
        rx.el.p(t("models.price_hint"), class_name="lu-field__hint"),
        settings.trouble(S.price_problem, test_id="price-problem"),
        rx.el.div(
            rx.cond(
                S.price_id != "",
                ui.button(t("models.price_instead"), on_click=S.new_price,
                          class_name="lu-dialog__aside", data_testid="price-instead"),
            ),
            ui.button(t("common.close"), on_click=ui.close_dialog(PRICES),
                      data_testid="prices-close"),
            ui.button(
                rx.cond(S.price_id != "", t("models.price_save"), t("models.price_add")),
                look="primary", type="submit", data_testid="price-save",
            ),
            class_name="lu-dialog__actions lu-dialog__actions--aside",
        ),
        id=FORM,
        key=S.price_number.to_string(),
        on_submit=lambda _: S.save_price(ui.fields_of(FORM)),
        class_name="lu-fields lu-prices__form",
    )  # fmt: skip


def prices_dialog() -> rx.Component:
    """What a model costs from which day on."""
    return settings.dialog(
        PRICES,
        rx.el.p(t("models.prices_text"), class_name="lu-dialog__text"),
        rx.el.div(_list(), _offer(), class_name="lu-prices"),
        _form(),
        title=t("models.prices_title", name=S.price_model),
        wide=True,
        test_id="prices-dialog",
    )
