"""The personal archive, prepared in the background."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.enums import JobStatus
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.services.accounts import export_jobs
from llm_ui.states.handlers import handler, write
from llm_ui.states.socket.access import current_actor

NONE = JobItem(id="", job_type=export_jobs.KIND, status=JobStatus.DONE)


class ExportState(rx.State):
    """The user's latest archive. `beat` changes with each refresh."""

    archive: JobItem = NONE
    is_preparing: bool = False
    beat: int = 0

    async def _load(self) -> None:
        async with unit_of_work(writes=False) as session:
            latest = await export_jobs.latest(session, current_actor()) or NONE
        if latest != self.archive:
            self.archive = latest
        self.is_preparing = latest.status.is_active
        self.beat += 1

    @handler()
    async def load_export(self) -> None:
        """on_load of the account page, and again while an archive is being prepared."""
        await self._load()

    @handler()
    async def prepare_export(self) -> None:
        """Start preparing an archive."""
        await write(export_jobs.ask)
        await self._load()
