"""The model file of the built-in service, in a dialog of the page of providers."""

from __future__ import annotations

import reflex as rx

from llm_ui.enums import JobStatus
from llm_ui.schemas.catalogue.providers import ModelFile
from llm_ui.services.catalogue import model_files
from llm_ui.services.operations import jobs
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.socket.access import current_actor

DIALOG = "gguf-dialog"
FIELD = "gguf-path"


class ModelFileState(rx.State):
    """The model files, and the state of loading one. `beat` changes on each refresh, which makes
    the dialog refresh again a moment later while a file is being loaded."""

    files: list[ModelFile] = []
    room: int = 0
    # The file requested last: whether it is still loading, or why it failed.
    is_loading: bool = False
    job_id: str = ""
    note: str = ""
    failure: str = ""
    beat: int = 0
    problem: str = ""
    doomed: str = ""

    async def _look(self) -> None:
        found = await model_files.list_files(current_actor())
        page = await read(jobs.list_jobs, kind=model_files.KIND, limit=1)
        last = page.items[0] if page.items else None
        if self.files != found.files:
            self.files = found.files
        self.room = found.room
        self.is_loading = last is not None and last.status.is_active
        self.job_id, self.note = (last.id, last.note) if last else ("", "")
        self.failure = last.error if last and last.status == JobStatus.FAILED else ""
        self.beat += 1

    @handler("admin")
    async def open_files(self) -> Reply:
        """Open the dialog."""
        self.problem = self.doomed = ""
        await self._look()
        # An old failure is no longer of interest.
        self.failure = ""
        return browser.show(DIALOG)

    @handler("admin")
    async def look_again(self) -> None:
        """Refresh the state."""
        await self._look()

    @handler("admin", form="")
    async def use_file(self, path: str) -> None:
        """Make the service load another file; "" for the default one."""
        self.failure = ""
        await write(model_files.switch, path)
        await self._look()

    @handler("admin", form="")
    async def use_path(self, path: str) -> None:
        """Make the service load the file at the path that was entered."""
        self.failure = ""
        # An empty path doesn't mean the default file.
        await write(model_files.switch, path.strip() or "-")
        await self._look()

    @handler("admin")
    async def cancel_loading(self) -> None:
        """Cancel loading; the previous file stays in use."""
        await write(jobs.cancel, self.job_id)
        await self._look()

    @handler("admin")
    def ask_to_delete(self, name: str) -> None:
        """Ask for confirmation before a file is deleted; "" cancels."""
        self.doomed = name

    @handler("admin")
    async def delete_file(self, name: str) -> None:
        """Delete a file permanently."""
        self.doomed = ""
        await model_files.delete(current_actor(), name)
        await self._look()
