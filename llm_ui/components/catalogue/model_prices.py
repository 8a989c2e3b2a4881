"""The administrator's dialog for a model's prices: the list, and the form below it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import day, price, t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.models import PriceRow
from llm_ui.states.catalogue.model_prices import PRICES
from llm_ui.states.catalogue.models import AIModelState

FORM = "price-form"
S = AIModelState
Price = rx.Var[PriceRow]


def _from(row: Price) -> Any:
    tone = rx.match(row.state, ("now", "ok"), ("future", "warn"), "")
    state = ui.badge(t_of("models.price_state.", row.state), tone, data_testid="price-state")
    source = t("models.price_source", day=day(row.source))
    return (
        rx.el.span(
            rx.el.strong(day(row.valid_from), class_name="lu-table__name"),
            state,
            class_name="lu-people__name",
        ),
        rx.cond(row.source != "", rx.el.span(source, class_name="lu-people__email")),
    )


def _acts(row: Price) -> rx.Component:
    edit = t("models.price_edit", day=day(row.valid_from))
    delete = t("models.price_delete", day=day(row.valid_from))
    return rx.el.div(
        ui.icon_action("pencil", edit, S.open_price(row.id), "price-edit"),
        ui.icon_action("trash-2", delete, S.delete_price(row.id), "price-delete"),
        class_name="lu-address__actions",
    )


def _figure(name: str, otherwise: Any = "") -> ui.Column:
    label = t(f"models.price_{name}")

    def cell(row: Price) -> Any:
        micro = getattr(row, f"{name}_micro")
        shown = rx.cond(micro >= 0, price(micro, row.currency), otherwise)
        return rx.el.span(label, class_name="lu-people__narrow"), shown

    return ui.Column(label, cell, number=True)


def _list() -> rx.Component:
    columns = (
        ui.Column(t("models.price_from"), _from, "lu-people__who"),
        _figure("input"),
        _figure("cached", t("models.price_as_input")),
        _figure("output"),
        _figure("reasoning", t("models.price_as_output")),
        ui.Column(t("models.acts"), _acts, "lu-prices__acts", unseen=True),
    )
    table = ui.data_table(
        S.price_rows, columns, label=t("models.prices"), test_id="prices", row_id="price-row"
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
    page = rx.el.a(
        t("models.listed_page"),
        href=listed.page,
        target="_blank",
        rel="noopener noreferrer",
        class_name="lu-link",
    )
    offer = rx.el.div(
        rx.el.p(words, " ", page),
        ui.action(t("models.listed_use", day=day(listed.day)), S.use_listed, "use-listed"),
        class_name="lu-notice lu-prices__offer",
        data_testid="listed-price",
    )
    return rx.cond(listed.day != "", offer)


def _buttons() -> rx.Component:
    is_there = S.price_id != ""
    instead = ui.button(
        t("models.price_instead"),
        on_click=S.new_price,
        class_name="lu-dialog__aside",
        data_testid="price-instead",
    )
    close = ui.close_dialog(PRICES)
    return ui.actions(
        rx.cond(is_there, instead),
        ui.button(t("common.close"), on_click=close, data_testid="prices-close"),
        ui.submit_button(
            rx.cond(is_there, t("models.price_save"), t("models.price_add")), "price-save"
        ),
        aside=True,
    )


def _form() -> rx.Component:
    f = ui.Fields("price", S.price_field)

    def amount(name: str, **props: Any) -> rx.Component:
        label, value = t(f"models.price_{name}"), S.price_amounts[name]
        return f.line(name, label, value, input_mode="decimal", max_length=20, **props)

    title = rx.cond(S.price_id != "", t("models.price_change"), t("models.price_new"))
    undone = rx.el.p(t("models.price_deleted"), class_name="lu-notice", role="status")
    since = f.line(
        "valid_from",
        t("models.price_from"),
        S.price_from,
        type="date",
        hint=t("models.price_day_hint"),
    )
    currency = f.line(
        "currency",
        t("models.price_currency"),
        S.price_currency,
        max_length=3,
        hint=t("models.price_currency_hint"),
    )
    amounts = rx.el.div(
        amount("input"),
        amount("cached", placeholder=t("models.price_as_input")),
        amount("output"),
        amount("reasoning", placeholder=t("models.price_as_output")),
        class_name="lu-quarters",
    )
    return rx.el.form(
        rx.el.h3(title, class_name="lu-prices__title"),
        rx.cond(S.price_undone, undone),
        ui.halves(since, currency),
        amounts,
        rx.el.p(t("models.price_hint"), class_name="lu-field__hint"),
        settings.trouble(S.price_problem, test_id="price-problem"),
        _buttons(),
        id=FORM,
        key=S.price_number.to_string(),
        on_submit=lambda _: S.save_price(ui.fields_of(FORM)),
        class_name="lu-fields lu-prices__form",
    )


def prices_dialog() -> rx.Component:
    """The prices of a model, each with its start day."""
    return ui.dialog(
        PRICES,
        ui.dialog_text(t("models.prices_text")),
        rx.el.div(_list(), _offer(), class_name="lu-prices"),
        _form(),
        title=t("models.prices_title", name=S.price_model),
        wide=True,
        test_id="prices-dialog",
    )
