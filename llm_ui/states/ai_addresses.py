"""The further addresses of a provider, on the admin's page of providers."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput, NotFound
from llm_ui.schemas.providers import AddressDraft, AddressItem, ProviderItem
from llm_ui.services import provider_addresses, provider_checks, provider_views
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.ai_providers import AIProviderState, ask_how_it_is
from llm_ui.states.browser import show, shut
from llm_ui.states.feedback import tell, words_of
from llm_ui.states.forms import texts_of

FORM = "address-dialog"
CONFIRM = "address-delete-dialog"


class ProviderAddressState(rx.State):
    """The form of an address; the addresses themselves stand with their providers."""

    form_number: int = 0
    form_provider_id: str = ""
    form_provider_name: str = ""
    form_id: str = ""
    form_base_url: str = ""
    form_key_stored: bool = False
    form_headers: str = ""
    form_problem: str = ""
    form_field: str = ""

    doomed_id: str = ""
    doomed_url: str = ""
    doomed_provider_id: str = ""

    async def _provider(self, provider_id: str) -> ProviderItem:
        async with unit_of_work(writes=False) as session:
            return await provider_views.get_provider(session, current_actor(), provider_id)

    async def _address(self, provider_id: str, address_id: str) -> AddressItem:
        for each in (await self._provider(provider_id)).addresses:
            if each.id == address_id:
                return each
        raise NotFound

    def _show_list(self) -> Any:
        return AIProviderState.refresh

    @rx.event
    @admin
    async def new_address(self, provider_id: str) -> Any:
        """Open an empty form."""
        try:
            item = await self._provider(provider_id)
        except AppError as error:
            return tell(error)
        self.form_number += 1
        self.form_provider_id, self.form_provider_name = item.id, item.name
        self.form_id = self.form_base_url = self.form_headers = ""
        self.form_problem = self.form_field = ""
        self.form_key_stored = False
        return show(FORM)

    @rx.event
    @admin
    async def open_address(self, provider_id: str, address_id: str) -> Any:
        """Open an address to change it."""
        try:
            item = await self._provider(provider_id)
            address = await self._address(provider_id, address_id)
        except AppError as error:
            return tell(error)
        self.form_number += 1
        self.form_provider_id, self.form_provider_name = item.id, item.name
        self.form_id, self.form_base_url = address.id, address.base_url
        self.form_headers = provider_checks.headers_as_text(address.headers)
        self.form_key_stored = address.key_stored
        self.form_problem = self.form_field = ""
        return show(FORM)

    @rx.event
    @admin
    async def save_address(self, form: str) -> Any:
        """Keep what stands in the form (its fields as JSON), and ask how the addresses are."""
        actor, provider_id = current_actor(), self.form_provider_id
        try:
            draft = provider_checks.address_from_form(texts_of(form))
            async with unit_of_work() as session:
                if self.form_id:
                    await provider_addresses.update_address(
                        session, actor, provider_id, self.form_id, draft
                    )
                else:
                    await provider_addresses.add_address(session, actor, provider_id, draft)
        except AppError as error:
            self.form_problem = words_of(error)
            self.form_field = (error.field or "") if isinstance(error, InvalidInput) else ""
            return browser.to_the_wrong_field()
        return [shut(FORM), ask_how_it_is(provider_id)]

    @rx.event
    @admin
    async def switch_address(self, provider_id: str, address_id: str, on: bool) -> Any:
        """Ask an address in its turn, or leave it out."""
        try:
            async with unit_of_work() as session:
                await provider_addresses.update_address(
                    session, current_actor(), provider_id, address_id, AddressDraft(is_active=on)
                )
        except AppError as error:
            return [tell(error), self._show_list()]
        return self._show_list()

    @rx.event
    @admin
    async def move_address(self, provider_id: str, address_id: str, place: int) -> Any:
        """Have an address asked as number `place` (from 0) of the further ones."""
        try:
            async with unit_of_work() as session:
                await provider_addresses.move_address(
                    session, current_actor(), provider_id, address_id, place
                )
        except AppError as error:
            return [tell(error), self._show_list()]
        return self._show_list()

    @rx.event
    @admin
    async def ask_to_delete(self, provider_id: str, address_id: str) -> Any:
        """Ask once before an address goes with its key."""
        try:
            address = await self._address(provider_id, address_id)
        except AppError as error:
            return tell(error)
        self.doomed_id, self.doomed_url = address.id, address.base_url
        self.doomed_provider_id = provider_id
        return show(CONFIRM)

    @rx.event
    @admin
    async def delete_address(self, provider_id: str, address_id: str) -> Any:
        """Remove an address."""
        self.doomed_id = self.doomed_url = ""
        try:
            async with unit_of_work() as session:
                await provider_addresses.delete_address(
                    session, current_actor(), provider_id, address_id
                )
        except AppError as error:
            return [tell(error), shut(CONFIRM), self._show_list()]
        return [shut(CONFIRM), self._show_list()]
