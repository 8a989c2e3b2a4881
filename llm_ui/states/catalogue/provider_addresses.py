"""The fallback addresses of a provider, on the Providers admin page."""

from __future__ import annotations

import reflex as rx

from llm_ui.errors import NotFound
from llm_ui.schemas.catalogue.providers import AddressDraft, AddressItem, ProviderItem
from llm_ui.services.catalogue import provider_addresses, provider_checks, provider_views
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.catalogue.providers import AIProviderState, ask_how_it_is
from llm_ui.states.forms import open_form, texts_of
from llm_ui.states.handlers import handler, read, write

FORM = "address-dialog"
CONFIRM = "address-delete-dialog"


class ProviderAddressState(rx.State):
    """The form of an address; the addresses themselves are part of their providers."""

    form_number: int = 0
    form_provider_id: str = ""
    form_provider_name: str = ""
    form_id: str = ""
    form_api_url: str = ""
    form_key_stored: bool = False
    form_headers: str = ""
    form_problem: str = ""
    form_field: str = ""

    doomed_id: str = ""
    doomed_url: str = ""
    doomed_provider_id: str = ""

    async def _find(self, provider_id: str, address_id: str) -> tuple[ProviderItem, AddressItem]:
        provider = await read(provider_views.get_provider, provider_id)
        for each in provider.addresses:
            if each.id == address_id:
                return provider, each
        raise NotFound

    def _open(self, provider: ProviderItem, address: AddressItem) -> Reply:
        self.form_provider_id, self.form_provider_name = provider.id, provider.name
        self.form_id, self.form_api_url = address.id, address.api_url
        self.form_headers = provider_checks.headers_as_text(address.headers)
        self.form_key_stored = address.key_stored
        return open_form(self, "form_", FORM)

    @handler("admin")
    async def new_address(self, provider_id: str) -> Reply:
        """Open an empty form."""
        provider = await read(provider_views.get_provider, provider_id)
        return self._open(provider, AddressItem("", ""))

    @handler("admin")
    async def open_address(self, provider_id: str, address_id: str) -> Reply:
        """Open an address for editing."""
        return self._open(*await self._find(provider_id, address_id))

    @handler("admin", form="form_", closes=FORM)
    async def save_address(self, form: str) -> Reply:
        """Save the form (its fields as JSON), and test the addresses."""
        provider_id = self.form_provider_id
        draft = provider_checks.address_from_form(texts_of(form))
        if self.form_id:
            await write(provider_addresses.update_address, provider_id, self.form_id, draft)
        else:
            await write(provider_addresses.add_address, provider_id, draft)
        return ask_how_it_is(provider_id)

    @handler("admin", then=AIProviderState.refresh)
    async def switch_address(self, provider_id: str, address_id: str, on: bool) -> None:
        """Activate or deactivate an address."""
        draft = AddressDraft(is_active=on)
        await write(provider_addresses.update_address, provider_id, address_id, draft)

    @handler("admin", then=AIProviderState.refresh)
    async def move_address(self, provider_id: str, address_id: str, place: int) -> None:
        """Move an address to position `place` (from 0) of the fallback addresses."""
        await write(provider_addresses.move_address, provider_id, address_id, place)

    @handler("admin")
    async def ask_to_delete(self, provider_id: str, address_id: str) -> Reply:
        """Ask for confirmation before an address and its key are deleted."""
        _, address = await self._find(provider_id, address_id)
        self.doomed_id, self.doomed_url = address.id, address.api_url
        self.doomed_provider_id = provider_id
        return browser.show(CONFIRM)

    @handler("admin", closes=CONFIRM, then=AIProviderState.refresh)
    async def delete_address(self, provider_id: str, address_id: str) -> None:
        """Delete an address."""
        self.doomed_id = self.doomed_url = ""
        await write(provider_addresses.delete_address, provider_id, address_id)
