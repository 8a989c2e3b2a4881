"""Files of projects: on the project's page, and what of them comes along with a chat."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError, NotFound
from llm_ui.schemas.files import FileItem, FilesAlong
from llm_ui.services import project_files
from llm_ui.services.attachments import parse_ids
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell

NO_FILE = FileItem("", "", 0, "", "", "")


class AlongMixin(rx.State, mixin=True):
    """The files that come along with the open chat, or with the one that is to begin, and those
    that a person adds to a question."""

    open_chat_id: str = ""
    chat_project_id: str = ""
    along: FilesAlong = FilesAlong()
    along_looks: int = 0
    # The files of the next question.
    attachment_ids: list[str] = []

    async def _load_along(self, session: Session, actor: Actor, chat_id: str) -> None:
        """Of this chat, or with "" of the one that is to begin."""
        try:
            if chat_id:
                self.along = await project_files.along_with(session, actor, chat_id)
            elif self.chat_project_id:
                self.along = await project_files.along(session, actor, self.chat_project_id)
            else:
                self.along = FilesAlong()
        except NotFound:
            # Deleted in another tab.
            self.along = FilesAlong()

    @rx.event
    async def look_along(self) -> None:
        """A file of it may have been read meanwhile."""
        self.along_looks += 1
        async with unit_of_work(writes=False) as session:
            await self._load_along(session, current_actor(), self.open_chat_id)

    @rx.event
    def attach_files(self, ids: str) -> Any:
        """Send these files (a JSON list of ids) with the next question, which checks them."""
        try:
            self.attachment_ids = parse_ids(ids)
        except AppError as error:
            self.attachment_ids = []
            return tell(error)
        return None


class ProjectFilesState(rx.State):
    """The files on the page of one project."""

    files: list[FileItem] = []
    file_ids: list[str] = []
    files_loaded: bool = False
    # Whether some are still being read, and how often it has been looked.
    reading: bool = False
    looks: int = 0
    # The one that was taken out last, which can still be put back.
    removed: FileItem = NO_FILE

    _project_id: str = ""

    @rx.event
    async def load_files(self) -> None:
        """on_load of a project's page, which says itself when there is no such project."""
        wanted = str(getattr(self, "folder_id", "") or "")
        if wanted != self._project_id:
            self._project_id, self.files_loaded = wanted, False
            self.removed = NO_FILE
            self._show([])
        await self._load()

    @rx.event
    async def look_again(self) -> None:
        """A file may have been read meanwhile."""
        self.looks += 1
        await self._load()

    @rx.event
    async def add_files(self, ids: str) -> Any:
        """Put these files (a JSON list of ids) into the open project."""
        try:
            wanted = parse_ids(ids, project_files.PROJECT_FILES)
            async with unit_of_work() as session:
                await project_files.put(session, current_actor(), self._project_id, wanted)
        except AppError as error:
            return tell(error)
        await self._load()
        return None

    @rx.event
    async def remove_file(self, file_id: str) -> Any:
        """Take a file out of the open project, and offer to put it back."""
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
    async def undo_remove(self) -> Any:
        """Put the file back that was taken out last."""
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
        """The offer to put a file back has run out."""
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
        self.reading = any(each.status == "waiting" for each in files)
