"""The library of the user's files."""

from __future__ import annotations

from dataclasses import replace

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.enums import FileStatus
from llm_ui.i18n import translate
from llm_ui.schemas.files.files import FileItem, FileUse, Storage
from llm_ui.services.files import files
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.socket.access import current_actor

DIALOG = "delete-file"


class FilesState(rx.State):
    """What one tab's files page shows."""

    files: list[FileItem] = []
    files_loaded: bool = False
    has_more_files: bool = False
    # Whether any file is still being read, and how often that has been checked.
    reading: bool = False
    looks: int = 0
    storage: Storage = Storage()
    # The search text, for the message shown if nothing is found.
    wanted: str = ""
    # The file awaiting confirmation of its deletion.
    doomed: FileUse = FileUse()

    _next_files: str = ""

    @handler()
    async def load_files(self) -> None:
        """on_load of the files page."""
        self.wanted = ""
        await self._load()

    @handler()
    async def refresh_files(self) -> None:
        """Refresh the list after an upload, or after a file was read."""
        await self._load()

    @handler()
    async def look_again(self) -> None:
        """Refresh the files shown, as their text may have been read in the meantime."""
        self.looks += 1
        now = await read(files.get_files, [each.id for each in self.files])
        known = {each.id: each for each in now}
        uses = {each.id: each.used_in for each in self.files}
        self.files = [
            replace(known[each], used_in=used) for each, used in uses.items() if each in known
        ]
        self._note_reading()

    @handler()
    async def search_files(self, letters: str) -> None:
        """Search for files whose names contain this text."""
        self.wanted = letters[: files.NAME_LIMIT]
        await self._load()

    @handler()
    async def load_more_files(self) -> None:
        """Load the next page of files."""
        if not self._next_files:
            return
        page = await read(files.list_files, self.wanted, self._next_files)
        known = {each.id for each in self.files}
        self.files = [*self.files, *(each for each in page.items if each.id not in known)]
        self._note(page.next_cursor)
        self._note_reading()

    @handler()
    async def ask_delete(self, file_id: str) -> Reply:
        """Show where a file is used, and ask for confirmation before it is deleted."""
        self.doomed = await read(files.uses, file_id)
        return browser.show(DIALOG)

    @handler()
    async def delete_file(self, file_id: str) -> Reply:
        """Delete a file permanently."""
        actor = current_actor()
        await write(files.delete_file, file_id)
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
        self.reading = any(each.status == FileStatus.WAITING for each in self.files)

    def _note(self, cursor: str | None) -> None:
        self._next_files, self.has_more_files = cursor or "", bool(cursor)
