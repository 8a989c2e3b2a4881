"""The files on the page of one project."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.enums import FileKind, FileStatus
from llm_ui.errors import AppError, NotFound
from llm_ui.schemas.files.files import FileItem
from llm_ui.services.chats.attachments import parse_ids
from llm_ui.services.projects import project_files
from llm_ui.states.browser import Reply
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell

NO_FILE = FileItem("", "", 0, FileKind.TEXT, "", FileStatus.READY)


class ProjectFilesState(rx.State):
    """The files on the page of one project."""

    files: list[FileItem] = []
    file_ids: list[str] = []
    files_loaded: bool = False
    # Whether any file is still being read, and how often that has been checked.
    reading: bool = False
    looks: int = 0
    # The file removed last, which can still be restored.
    removed: FileItem = NO_FILE

    _project_id: str = ""

    @rx.event
    async def load_files(self) -> None:
        """on_load of a project's page, which itself reports if there is no such project."""
        wanted = str(getattr(self, "folder_id", "") or "")
        if wanted != self._project_id:
            self._project_id, self.files_loaded = wanted, False
            self.removed = NO_FILE
            self._show([])
        await self._load()

    @rx.event
    async def look_again(self) -> None:
        """Refresh the files, as their text may have been read in the meantime."""
        self.looks += 1
        await self._load()

    @rx.event
    async def add_files(self, ids: str) -> Reply:
        """Add these files (a JSON list of IDs) to the open project."""
        try:
            wanted = parse_ids(ids, project_files.PROJECT_FILES)
            async with unit_of_work() as session:
                await project_files.put(session, current_actor(), self._project_id, wanted)
        except AppError as error:
            return tell(error)
        await self._load()
        return None

    @rx.event
    async def remove_file(self, file_id: str) -> Reply:
        """Remove a file from the open project, and offer to undo it."""
        try:
            async with unit_of_work() as session:
                self.removed = await project_files.remove(
                    session, current_actor(), self._project_id, file_id
                )
        except AppError as error:
            return tell(error)
        await self._load()
        return None

    @rx.event
    async def undo_remove(self) -> Reply:
        """Restore the file that was removed last."""
        file_id = self.removed.id
        self.removed = NO_FILE
        try:
            async with unit_of_work() as session:
                await project_files.put(session, current_actor(), self._project_id, [file_id])
        except AppError as error:
            return tell(error)
        await self._load()
        return None

    @rx.event
    def dismiss_removed(self) -> None:
        """Withdraw the offer to undo."""
        self.removed = NO_FILE

    async def _load(self) -> None:
        actor = current_actor()
        try:
            async with unit_of_work(writes=False) as session:
                found = await project_files.list_files(session, actor, self._project_id)
        except NotFound:
            found = []
        self._show(found)
        self.files_loaded = True

    def _show(self, files: list[FileItem]) -> None:
        self.files = files
        self.file_ids = [each.id for each in files]
        self.reading = any(each.status == FileStatus.WAITING for each in files)
