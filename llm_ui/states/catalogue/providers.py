"""The Providers admin page: the list, test and sync results, and changes."""

from __future__ import annotations

import reflex as rx

from llm_ui.enums import ProviderStatus
from llm_ui.schemas.catalogue.providers import (
    ConnectionTest,
    Dependents,
    ProviderDraft,
    ProviderItem,
    SyncReport,
)
from llm_ui.services.catalogue import (
    provider_admin,
    provider_checks,
    provider_connection,
    provider_views,
)
from llm_ui.states import browser
from llm_ui.states.browser import Reply, then
from llm_ui.states.catalogue.provider_form import FORM, ProviderFormMixin
from llm_ui.states.forms import texts_of
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.listing import Slice
from llm_ui.states.socket.access import current_actor

CONFIRM = "provider-delete-dialog"


def ask_for_models(provider_id: str) -> Reply:
    """The event that syncs a provider on the page."""
    return then(AIProviderState.sync_provider, provider_id)


def ask_how_it_is(provider_id: str) -> Reply:
    """The event that tests a provider's addresses on the page."""
    return then(AIProviderState.test_saved, provider_id)


class AIProviderState(ProviderFormMixin, rx.State):
    """The providers in the list, and actions on them."""

    items: list[ProviderItem] = []

    # The provider being called, and for what: test or sync.
    busy_id: str = ""
    busy_with: str = ""
    # The result shown below the provider: test, sync or unanswered.
    result_id: str = ""
    result_kind: str = ""
    result_tests: list[ConnectionTest] = []
    result_sync: SyncReport = SyncReport()

    doomed_id: str = ""
    doomed_name: str = ""
    doomed: Dependents = Dependents()
    deleting: bool = False

    # --- the list -------------------------------------------------------------------------

    async def _read(self, cursor: str | None, limit: int) -> Slice:
        return await read(provider_views.list_providers, cursor, limit)

    @handler("admin")
    async def load_providers(self) -> None:
        """on_load of the page."""
        actor = current_actor()
        self.presets = provider_views.presets(actor)
        usual = provider_views.timeouts(actor)
        self.usual = {name: f"{seconds:g}" for name, seconds in usual.items()}
        self.busy_id = self.busy_with = self.result_id = ""
        await self._list()

    @handler("admin")
    async def refresh(self) -> None:
        """Reload the list."""
        await self._list(again=True)

    # --- asking one -----------------------------------------------------------------------

    def _begin(self, provider_id: str, what: str) -> None:
        self.busy_id, self.busy_with, self.result_id = provider_id, what, ""

    async def _end(self, provider_id: str, kind: str) -> None:
        """Show the result of a call to a provider; `kind` is its kind, "" for none."""
        self.busy_id = self.busy_with = ""
        if kind:
            self.result_id, self.result_kind = provider_id, kind
        await self._list(again=True)

    @handler("admin", background=True)
    async def sync_provider(self, provider_id: str) -> None:
        """Sync a provider, and show what changed."""
        async with self:
            self._begin(provider_id, "sync")
        report, kind = None, ""
        try:
            report = await provider_connection.sync_now(current_actor(), provider_id)
            kind = "sync" if report else "unanswered"
        finally:
            async with self:
                self.result_sync = report or SyncReport()
                await self._end(provider_id, kind)

    @handler("admin", background=True)
    async def test_saved(self, provider_id: str) -> None:
        """Test each address of a provider."""
        async with self:
            self._begin(provider_id, "test")
        found: list[ConnectionTest] = []
        kind = ""
        try:
            found = await provider_connection.try_provider(current_actor(), provider_id)
            kind = "test"
        finally:
            async with self:
                self.result_tests = found
                await self._end(provider_id, kind)

    @handler("admin")
    def dismiss_result(self) -> None:
        """Hide a provider's result."""
        self.result_id = ""

    # --- changing one ---------------------------------------------------------------------

    @handler("admin", form="form_", closes=FORM)
    async def save_provider(self, form: str) -> Reply:
        """Save the form (its fields as JSON); a new provider is synced."""
        provider_id = self.form_id
        self._uses += 1
        self.form_testing = self.form_tested = False
        is_own = not self.form_variables
        draft = provider_checks.draft_from_form(texts_of(form), with_address=is_own)
        if provider_id:
            item = await write(provider_admin.update_provider, provider_id, draft)
        else:
            item = await write(provider_admin.create_provider, self.form_type, draft)
        await self._list(again=True)
        return (
            ask_for_models(item.id)
            if item.is_active and item.status == ProviderStatus.UNKNOWN
            else None
        )

    @handler("admin")
    async def switch_provider(self, provider_id: str, on: bool) -> Reply:
        """Activate or deactivate a provider; running answers aren't interrupted."""
        try:
            await write(provider_admin.update_provider, provider_id, ProviderDraft(is_active=on))
        finally:
            await self._list(again=True)
        return ask_for_models(provider_id) if on else None

    @handler("admin")
    async def ask_to_delete(self, provider_id: str) -> Reply:
        """Ask for confirmation before a provider is deleted, and show its dependents."""
        item = await read(provider_views.get_provider, provider_id)
        self.doomed = await read(provider_views.dependents, provider_id)
        self.doomed_id, self.doomed_name, self.deleting = item.id, item.name, False
        return browser.show(CONFIRM)

    @handler("admin", closes=CONFIRM, background=True)
    async def delete_provider(self, provider_id: str) -> None:
        """Delete a provider, after ending its runs."""
        async with self:
            self.deleting = True
        try:
            await provider_admin.delete_provider(current_actor(), provider_id)
        finally:
            async with self:
                self.deleting = False
                await self._list(again=True)
