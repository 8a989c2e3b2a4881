"""The further addresses of a provider, each with how it is."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.provider_result import fact, facts, reason_words, status
from llm_ui.components.text import duration, t, when
from llm_ui.components.ui import settings
from llm_ui.schemas.providers import AddressItem, ProviderItem
from llm_ui.states.ai_addresses import ProviderAddressState

Provider = rx.Var[ProviderItem]
Address = rx.Var[AddressItem]
A = ProviderAddressState


def _address(provider: Provider, address: Address, place: rx.Var[int]) -> rx.Component:
    about = facts(
        fact(address.since != "", t("providers.since", time=when(address.since))),
        fact(address.latency_ms >= 0, t("providers.latency", time=duration(address.latency_ms))),
        fact(address.key_stored, t("providers.key_note")),
    )
    actions = rx.el.div(
        rx.cond(
            place > 0,
            ui.icon_button(
                "arrow-up", t("providers.address_up", name=address.base_url), small=True,
                on_click=A.move_address(provider.id, address.id, place - 1),
                data_testid="address-up",
            ),
        ),
        ui.icon_button(
            "pencil", t("providers.address_edit_named", name=address.base_url), small=True,
            on_click=A.open_address(provider.id, address.id), data_testid="address-edit",
        ),
        ui.icon_button(
            "trash-2", t("providers.address_delete", name=address.base_url), small=True,
            on_click=A.ask_to_delete(provider.id, address.id), data_testid="address-delete",
        ),
        settings.switch(
            t("providers.address_use", name=address.base_url),
            address.is_active,
            on_click=A.switch_address(provider.id, address.id, ~address.is_active),
            data_testid="address-switch",
        ),
        class_name="lu-address__actions",
    )  # fmt: skip
    return rx.el.li(
        rx.el.div(
            rx.el.code(address.base_url, class_name="lu-address__url"),
            rx.el.div(
                rx.cond(address.is_active, status(address), ui.badge(t("providers.off"))),
                rx.cond(address.is_active, about),
                class_name="lu-provider__state",
            ),
            rx.cond(
                address.is_active & (address.reason != ""),
                rx.el.div(
                    reason_words(address.reason, address.detail), class_name="lu-address__trouble"
                ),
            ),
            class_name="lu-address__words",
        ),
        actions,
        key=address.id,
        class_name="lu-address",
        data_testid="provider-address",
    )


def addresses(provider: Provider) -> rx.Component:
    """All of them, in their order; nothing without any."""
    rows = rx.foreach(provider.addresses, lambda address, place: _address(provider, address, place))
    return rx.cond(
        provider.addresses.length() > 0,
        rx.el.section(
            rx.el.h3(t("providers.addresses"), class_name="lu-provider__part"),
            rx.el.p(t("providers.addresses_hint"), class_name="lu-field__hint"),
            rx.el.ol(rows, class_name="lu-addresses"),
        ),
    )
