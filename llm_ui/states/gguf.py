"""The model file of the bundled service, in a dialog of the page of providers."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.jobs import JobItem
from llm_ui.schemas.providers import ModelFile
from llm_ui.services import gguf, jobs
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show
from llm_ui.states.feedback import tell, words_of

DIALOG = "gguf-dialog"
FIELD = "gguf-path"
ACTIVE = ("queued", "running")


class ModelFileState(rx.State):
    """The files there are, and what is being loaded. `beat` changes with each look: the dialog
    looks again some time after, while something is being loaded."""

    files: list[ModelFile] = []
    room: int = 0
    # What was wanted last: running, or why it failed.
    is_loading: bool = False
    job_id: str = ""
    note: str = ""
    failure: str = ""
    beat: int = 0
    problem: str = ""
    doomed: str = ""

    @rx.event
    @admin
    async def open_files(self) -> Any:
        """Open the dialog."""
        self.problem = self.doomed = self.failure = ""
        try:
            await self._look()
        except AppError as error:
            return tell(error)
        # What failed long ago is no news.
        self.failure = ""
        return show(DIALOG)

    async def _look(self) -> None:
        actor = current_actor()
        found = await gguf.list_files(actor)
        async with unit_of_work(writes=False) as session:
            page = await jobs.list_jobs(session, actor, kind=gguf.KIND, limit=1)
        last = page.items[0] if page.items else JobItem("", "", "")
        if self.files != found.files:
            self.files = found.files
        self.room = found.room
        self.is_loading = last.status in ACTIVE
        self.job_id, self.note = last.id, last.note
        self.failure = last.error if last.status == "failed" else ""
        self.beat += 1

    @rx.event
    @admin
    async def look_again(self) -> None:
        """How it is by now."""
        await self._look()

    @rx.event
    @admin
    async def use_file(self, path: str) -> None:
        """Have the service load another file; "" for the usual one."""
        await self._use(path)

    async def _use(self, path: str) -> None:
        self.problem = self.failure = ""
        try:
            async with unit_of_work() as session:
                await gguf.switch(session, current_actor(), path)
            await self._look()
        except AppError as error:
            self.problem = words_of(error)

    @rx.event
    @admin
    async def use_path(self, path: str) -> None:
        """Have the service load a file by the path that was typed."""
        # Nothing typed is no wish for the usual one.
        await self._use(path.strip() or "-")

    @rx.event
    @admin
    async def cancel_loading(self) -> Any:
        """Leave the file of before in use."""
        try:
            async with unit_of_work() as session:
                await jobs.cancel(session, current_actor(), self.job_id)
            await self._look()
        except AppError as error:
            return tell(error)
        return None

    @rx.event
    @admin
    def ask_to_delete(self, name: str) -> None:
        """Ask once before a file goes; "" takes the question back."""
        self.doomed = name

    @rx.event
    @admin
    async def delete_file(self, name: str) -> Any:
        """Remove a file for good."""
        self.doomed = ""
        try:
            await gguf.delete(current_actor(), name)
            await self._look()
        except AppError as error:
            return tell(error)
        return None
