"""The admin's dashboard."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.machines import MachineView
from llm_ui.schemas.monitoring import LogFilters, LogLine
from llm_ui.schemas.views import DashboardView, ProviderHealth
from llm_ui.services import dashboard, log_words, machines, monitoring_log, providers
from llm_ui.states.access import admin, current_actor

EVENTS = 20


class AdminState(rx.State):
    """What the dashboard shows; read anew each time it is opened or refreshed."""

    loaded: bool = False
    stats: DashboardView = DashboardView()
    providers: list[ProviderHealth] = []
    events: list[LogLine] = []
    machine: MachineView = MachineView()
    # Counts the readings, so that the page's clock begins anew with each.
    readings: int = 0

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

    @rx.event
    @admin
    async def tick(self) -> None:
        """The page is open and some seconds have passed: read the figures again."""
        await self._load()

    async def _load(self) -> None:
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            self.stats = await dashboard.overview(session, actor)
            self.providers = await providers.health(session)
            self.machine = await machines.look(session, actor)
            newest = await monitoring_log.list_log(session, actor, LogFilters(), limit=EVENTS)
        self.events = [log_words.line(each, actor.language) for each in newest.items]
        self.loaded = True
        self.readings += 1
