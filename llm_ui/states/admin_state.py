"""The administrator's dashboard."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.audit.audit_log import LogFilters, LogLine
from llm_ui.schemas.chats.views import DashboardView, ProviderHealth
from llm_ui.schemas.insights.system_status import MachineView
from llm_ui.services.audit import audit_log, sentences
from llm_ui.services.catalogue import providers
from llm_ui.services.insights import dashboard, system_status
from llm_ui.states.handlers import handler
from llm_ui.states.socket.access import current_actor

EVENTS = 20


class AdminState(rx.State):
    """What the dashboard shows, loaded each time it is opened or refreshed."""

    loaded: bool = False
    stats: DashboardView = DashboardView()
    providers: list[ProviderHealth] = []
    events: list[LogLine] = []
    machine: MachineView = MachineView()
    # Incremented with each load, which restarts the page's timer.
    readings: int = 0

    @handler("admin")
    async def load_dashboard(self) -> None:
        """on_load of the dashboard."""
        await self._load()

    @handler("admin")
    async def refresh(self) -> None:
        """Reload everything, and check the providers."""
        await providers.sync_all()
        await self._load()

    @handler("admin")
    async def tick(self) -> None:
        """Reload the figures periodically while the page is open."""
        await self._load()

    async def _load(self) -> None:
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            self.stats = await dashboard.overview(session, actor)
            self.providers = await providers.health(session)
            self.machine = await system_status.look(session, actor)
            newest = await audit_log.list_log(session, actor, LogFilters(), limit=EVENTS)
        self.events = [sentences.line(each, actor.language) for each in newest.items]
        self.loaded = True
        self.readings += 1
