"""The fallback addresses of a provider, each with its status."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.provider_result import fact, facts, reason_words, status
from llm_ui.components.text import duration, t, when
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.providers import AddressItem, ProviderItem
from llm_ui.states.catalogue.provider_addresses import ProviderAddressState

Provider = rx.Var[ProviderItem]
Address = rx.Var[AddressItem]
A = ProviderAddressState


def _address(provider: Provider, address: Address, place: rx.Var[int]) -> rx.Component:
    about = facts(
        fact(address.since != "", t("providers.since", time=when(address.since))),
        fact(address.latency_ms >= 0, t("providers.latency", time=duration(address.latency_ms))),
        fact(address.key_stored, t("providers.key_note")),
    )
    url = address.api_url

    def act(icon_name: str, label: str, on_click: Any, test_id: str) -> rx.Component:
        return ui.icon_action(
            icon_name, t(f"providers.address_{label}", name=url), on_click, test_id
        )

    up = act("arrow-up", "up", A.move_address(provider.id, address.id, place - 1), "address-up")
    actions = rx.el.div(
        rx.cond(place > 0, up),
        act("pencil", "edit_named", A.open_address(provider.id, address.id), "address-edit"),
        act("trash-2", "delete", A.ask_to_delete(provider.id, address.id), "address-delete"),
        settings.switch(
            t("providers.address_use", name=url),
            address.is_active,
            on_click=A.switch_address(provider.id, address.id, ~address.is_active),
            data_testid="address-switch",
        ),
        class_name="lu-address__actions",
    )
    state = rx.el.div(
        rx.cond(address.is_active, status(address), ui.badge(t("providers.off"))),
        rx.cond(address.is_active, about),
        class_name="lu-provider__state",
    )
    trouble = rx.el.div(
        reason_words(address.reason, address.detail), class_name="lu-address__trouble"
    )
    words = rx.el.div(
        rx.el.code(url, class_name="lu-address__url"),
        state,
        rx.cond(address.is_active & (address.reason != ""), trouble),
        class_name="lu-address__words",
    )
    return rx.el.li(
        words,
        actions,
        key=address.id,
        class_name="lu-address",
        data_testid="provider-address",
    )


def addresses(provider: Provider) -> rx.Component:
    """All fallback addresses, in order; nothing if there are none."""
    rows = rx.foreach(provider.addresses, lambda address, place: _address(provider, address, place))
    return rx.cond(
        provider.addresses.length() > 0,
        rx.el.section(
            rx.el.h3(t("providers.addresses"), class_name="lu-provider__part"),
            rx.el.p(t("providers.addresses_hint"), class_name="lu-field__hint"),
            rx.el.ol(rows, class_name="lu-addresses"),
        ),
    )
