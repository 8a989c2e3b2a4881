"""The library of the person's files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.i18n import translate
from llm_ui.schemas.files import FileItem, FileUse, Storage
from llm_ui.services import files
from llm_ui.states import browser
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell

DIALOG = "delete-file"


class FilesState(rx.State):
    """What one tab's files page shows."""

    files: list[FileItem] = []
    files_loaded: bool = False
    has_more_files: bool = False
    # Whether some are still being read, and how often it has been looked.
    reading: bool = False
    looks: int = 0
    storage: Storage = Storage()
    # What stands in the search field, for the empty state's words.
    wanted: str = ""
    # The file that the person is asked about before it is deleted.
    doomed: FileUse = FileUse()

    _next_files: str = ""

    @rx.event
    async def load_files(self) -> None:
        """on_load of the files page."""
        self.wanted = ""
        await self._load()

    @rx.event
    async def refresh_files(self) -> None:
        """Something has been uploaded or read."""
        await self._load()

    @rx.event
    async def look_again(self) -> None:
        """A file may have been read meanwhile: bring those that are shown up to date."""
        self.looks += 1
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            now = await files.get_files(session, actor, [each.id for each in self.files])
        known = {each.id: each for each in now}
        uses = {each.id: each.used_in for each in self.files}
        self.files = [
            replace(known[each], used_in=used) for each, used in uses.items() if each in known
        ]
        self._note_reading()

    @rx.event
    async def search_files(self, letters: str) -> None:
        """Show the files with these letters in their names."""
        self.wanted = letters[: files.NAME_LIMIT]
        await self._load()

    @rx.event
    async def load_more_files(self) -> None:
        """Add the next page of files."""
        if not self._next_files:
            return
        async with unit_of_work(writes=False) as session:
            page = await files.list_files(session, current_actor(), self.wanted, self._next_files)
        known = {each.id for each in self.files}
        self.files = [*self.files, *(each for each in page.items if each.id not in known)]
        self._note(page.next_cursor)
        self._note_reading()

    @rx.event
    async def ask_delete(self, file_id: str) -> Any:
        """Say where a file is used, and ask whether it shall go."""
        try:
            async with unit_of_work(writes=False) as session:
                self.doomed = await files.uses(session, current_actor(), file_id)
        except AppError as error:
            return tell(error)
        return browser.call("open", DIALOG)

    @rx.event
    async def delete_file(self, file_id: str) -> Any:
        """Delete a file for good."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                await files.delete_file(session, actor, file_id)
        except AppError as error:
            return tell(error)
        name = next((each.name for each in self.files if each.id == file_id), self.doomed.name)
        await self._load()
        return browser.say("success", translate("files.deleted", actor.language, name=name))

    async def _load(self) -> None:
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            page = await files.list_files(session, actor, self.wanted)
            self.storage = await files.storage(session, actor)
        self.files = page.items
        self._note(page.next_cursor)
        self._note_reading()
        self.files_loaded = True

    def _note_reading(self) -> None:
        self.reading = any(each.status == "waiting" for each in self.files)

    def _note(self, cursor: str | None) -> None:
        self._next_files, self.has_more_files = cursor or "", bool(cursor)
