"""The admin's dashboard."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.views import DashboardView, LogItem, ProviderHealth
from llm_ui.services import dashboard, monitoring, providers
from llm_ui.states.access import admin, current_actor

EVENTS = 20


class AdminState(rx.State):
    """What the dashboard shows; read anew each time it is opened or refreshed."""

    loaded: bool = False
    stats: DashboardView = DashboardView()
    providers: list[ProviderHealth] = []
    events: list[LogItem] = []

    @rx.event
    @admin
    async def load_dashboard(self) -> None:
        """on_load of the dashboard."""
        await self._load()

    @rx.event
    @admin
    async def refresh(self) -> None:
        """Read everything again, and ask the providers how they are."""
        await providers.sync_all()
        await self._load()

    async def _load(self) -> None:
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            self.stats = await dashboard.overview(session, actor)
            self.providers = await providers.health(session)
            self.events = await monitoring.recent(session, actor, limit=EVENTS)
        self.loaded = True
