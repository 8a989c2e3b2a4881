"""The admin's page of providers: the list, what one of them has just said, what is changed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.providers import (
    ConnectionTest,
    Hanging,
    ProviderDraft,
    ProviderItem,
    SyncReport,
)
from llm_ui.services import provider_admin, provider_checks, provider_connection, provider_views
from llm_ui.states.access import admin, current_actor
from llm_ui.states.ai_provider_form import FORM, ProviderFormMixin
from llm_ui.states.browser import show, shut
from llm_ui.states.feedback import tell
from llm_ui.states.forms import texts_of

CONFIRM = "provider-delete-dialog"


def ask_for_models(provider_id: str) -> Any:
    """The event that syncs a provider on the page."""
    handler: Any = AIProviderState.sync_provider
    return handler(provider_id)


def ask_how_it_is(provider_id: str) -> Any:
    """The event that tests a provider's addresses on the page."""
    handler: Any = AIProviderState.test_saved
    return handler(provider_id)


class AIProviderState(ProviderFormMixin, rx.State):
    """The providers that are listed, and what is done with one of them."""

    loaded: bool = False
    providers: list[ProviderItem] = []
    has_more: bool = False

    # Which provider is being asked, and what for: test or sync.
    busy_id: str = ""
    busy_with: str = ""
    # What came of it, below the provider: test, sync or unanswered.
    result_id: str = ""
    result_kind: str = ""
    result_tests: list[ConnectionTest] = []
    result_sync: SyncReport = SyncReport()

    doomed_id: str = ""
    doomed_name: str = ""
    doomed: Hanging = Hanging()
    deleting: bool = False

    _next: str = ""

    # --- the list -------------------------------------------------------------------------

    @rx.event
    @admin
    async def load_providers(self) -> None:
        """on_load of the page."""
        actor = current_actor()
        self.presets = provider_views.presets(actor)
        usual = provider_views.timeouts(actor)
        self.usual = {name: f"{seconds:g}" for name, seconds in usual.items()}
        self.busy_id = self.busy_with = self.result_id = ""
        self.providers = []
        await self._load()

    async def _load(self) -> None:
        """As many as are shown already, or a first page."""
        limit = max(len(self.providers), provider_views.PAGE)
        async with unit_of_work(writes=False) as session:
            page = await provider_views.list_providers(session, current_actor(), limit=limit)
        self.providers = page.items
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)
        self.loaded = True

    @rx.event
    @admin
    async def refresh(self) -> None:
        """Read the list again."""
        await self._load()

    @rx.event
    @admin
    async def load_more(self) -> None:
        """Add the next page to the list."""
        if not self._next:
            return
        async with unit_of_work(writes=False) as session:
            page = await provider_views.list_providers(session, current_actor(), self._next)
        self.providers = [*self.providers, *page.items]
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)

    # --- asking one -----------------------------------------------------------------------

    @rx.event(background=True)
    @admin
    async def sync_provider(self, provider_id: str) -> Any:
        """Ask a provider for its models, and show what is different."""
        actor = current_actor()
        async with self:
            self.busy_id, self.busy_with, self.result_id = provider_id, "sync", ""
        problem, report = None, None
        try:
            report = await provider_connection.sync_now(actor, provider_id)
        except AppError as error:
            problem = error
        async with self:
            self.busy_id = self.busy_with = ""
            if problem is None:
                self.result_id = provider_id
                self.result_kind = "sync" if report else "unanswered"
                self.result_sync = report or SyncReport()
            await self._load()
        if problem is not None:
            yield tell(problem)

    @rx.event(background=True)
    @admin
    async def test_saved(self, provider_id: str) -> Any:
        """Ask each address of a provider how it is."""
        actor = current_actor()
        async with self:
            self.busy_id, self.busy_with, self.result_id = provider_id, "test", ""
        problem = None
        found: list[ConnectionTest] = []
        try:
            found = await provider_connection.try_provider(actor, provider_id)
        except AppError as error:
            problem = error
        async with self:
            self.busy_id = self.busy_with = ""
            if problem is None:
                self.result_id, self.result_kind, self.result_tests = provider_id, "test", found
            await self._load()
        if problem is not None:
            yield tell(problem)

    @rx.event
    @admin
    def dismiss_result(self) -> None:
        """Put away what a provider has said."""
        self.result_id = ""

    # --- changing one ---------------------------------------------------------------------

    @rx.event
    @admin
    async def save_provider(self, form: str) -> Any:
        """Keep what stands in the form (its fields as JSON); a new provider is asked for its
        models."""
        actor, provider_id = current_actor(), self.form_id
        self._uses += 1
        self.form_testing = False
        try:
            draft = provider_checks.draft_from_form(
                texts_of(form), with_address=not self.form_variables
            )
            async with unit_of_work() as session:
                if provider_id:
                    item = await provider_admin.update_provider(session, actor, provider_id, draft)
                else:
                    kind = self.form_type
                    item = await provider_admin.create_provider(session, actor, kind, draft)
        except AppError as error:
            return self._refuse(error)
        await self._load()
        asks = item.is_active and item.status == "unknown"
        return [shut(FORM), *([ask_for_models(item.id)] if asks else [])]

    @rx.event
    @admin
    async def switch_provider(self, provider_id: str, on: bool) -> Any:
        """Use a provider, or stop using it; answers that are being written are not cut off."""
        try:
            async with unit_of_work() as session:
                draft = ProviderDraft(is_active=on)
                await provider_admin.update_provider(session, current_actor(), provider_id, draft)
        except AppError as error:
            await self._load()
            return tell(error)
        await self._load()
        return ask_for_models(provider_id) if on else None

    @rx.event
    @admin
    async def ask_to_delete(self, provider_id: str) -> Any:
        """Ask once before a provider goes, and say what hangs on it."""
        actor = current_actor()
        try:
            async with unit_of_work(writes=False) as session:
                item = await provider_views.get_provider(session, actor, provider_id)
                self.doomed = await provider_views.hanging(session, actor, provider_id)
        except AppError as error:
            return tell(error)
        self.doomed_id, self.doomed_name, self.deleting = item.id, item.name, False
        return show(CONFIRM)

    @rx.event(background=True)
    @admin
    async def delete_provider(self, provider_id: str) -> Any:
        """Remove a provider once its running answers have ended."""
        actor = current_actor()
        async with self:
            self.deleting = True
        problem = None
        try:
            await provider_admin.delete_provider(actor, provider_id)
        except AppError as error:
            problem = error
        async with self:
            self.deleting = False
            await self._load()
        yield shut(CONFIRM)
        if problem is not None:
            yield tell(problem)
