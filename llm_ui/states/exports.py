"""One's own archive, prepared in the background."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.jobs import JobItem
from llm_ui.services import exports
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell

NONE = JobItem(id="", kind=exports.KIND, status="")


class ExportState(rx.State):
    """The last archive that the person had prepared. `beat` changes with each look at it."""

    archive: JobItem = NONE
    is_preparing: bool = False
    beat: int = 0

    async def _load(self) -> None:
        async with unit_of_work(writes=False) as session:
            latest = await exports.latest(session, current_actor()) or NONE
        if latest != self.archive:
            self.archive = latest
        self.is_preparing = latest.status in ("queued", "running")
        self.beat += 1

    @rx.event
    async def load_export(self) -> None:
        """on_load of the account page, and again while an archive is being prepared."""
        await self._load()

    @rx.event
    async def prepare_export(self) -> Any:
        """Have everything packed."""
        try:
            async with unit_of_work() as session:
                await exports.ask(session, current_actor())
        except AppError as error:
            return tell(error)
        await self._load()
        return None
