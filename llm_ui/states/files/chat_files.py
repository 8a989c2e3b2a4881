"""Files of the open chat: those included in it, and those sent with the next question."""

from __future__ import annotations

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError, NotFound
from llm_ui.schemas.files.files import FilesAlong
from llm_ui.services.chats import organize
from llm_ui.services.chats.attachments import parse_ids
from llm_ui.services.projects import project_files
from llm_ui.states.browser import Reply
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell


class ChatFilesState(rx.State):
    """The files included in the open chat or the next new chat, and those that the user attaches to
    a question."""

    along: FilesAlong = FilesAlong()
    along_looks: int = 0
    # The files of the next question.
    attachment_ids: list[str] = []

    async def _load(self, session: Session, actor: Actor, chat_id: str) -> None:
        """Load the files of this chat, or with "" of the one to come."""
        project_id = (await self.get_state(OpenChatState)).chat_project_id
        try:
            if chat_id:
                self.along = await organize.along_with(session, actor, chat_id)
            elif project_id:
                self.along = await project_files.along(session, actor, project_id)
            else:
                self.along = FilesAlong()
        except NotFound:
            # The chat was deleted in another tab.
            self.along = FilesAlong()

    @rx.event
    async def look_along(self) -> None:
        """Refresh the files, as their text may have been read in the meantime."""
        self.along_looks += 1
        chat_id = (await self.get_state(OpenChatState)).open_chat_id
        async with unit_of_work(writes=False) as session:
            await self._load(session, current_actor(), chat_id)

    @rx.event
    def attach_files(self, ids: str) -> Reply:
        """Attach these files (a JSON list of IDs) to the next question, which checks them."""
        try:
            self.attachment_ids = parse_ids(ids)
        except AppError as error:
            self.attachment_ids = []
            return tell(error)
        return None
