"""The chat page: opening a chat and sending a question.

ChatState combines states with one task each. They hold only what the tab shows, all of which
`load_chat` rebuilds from the database.

    states/open_chat.py              the chat that is shown, and its messages
    states/sidebar.py                the list of chats beside it
    states/answers/model_choice.py   the model that answers next, and its context window
    states/answers/modes.py          the switches beside the message field
    states/answers/following.py      running answers: following, stopping, continuing
    states/files/chat_files.py       files of the chat and of the next question
    states/chats/opening.py          showing a chat, a new one, or none
    states/chats/sending.py          asking a question and showing it
    states/chats/editing.py          edits, retries, ratings
    states/chats/branches.py         switching branches, keeping an answer, copying
    states/chats/message_pages.py    the pages before and after the messages shown
    states/chats/chat_settings.py    the chat's settings
    states/chats/refresh.py          changes made to chats elsewhere
"""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, NotFound
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.browser import Replies, Reply
from llm_ui.states.chats import opening, sending
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.sidebar import SidebarState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell


class ChatState(OpenChatState):
    """The data that the chat page of one tab shows. The vars of the open chat belong to
    OpenChatState, and `current_response` to StreamState, which OpenChatState inherits from."""

    # The text of a refused question, and a key from which the page knows whether it already has it.
    current_input: str = ""
    refused_key: str = ""
    accepted_key: str = ""

    @rx.event
    async def load_chat(self) -> Reply:
        """on_load of the chat page: rebuild everything from the database."""
        actor = current_actor()
        # The route's argument, which Reflex keeps in the root state.
        wanted = str(getattr(self, "chat_id", "") or "")
        asked = self.router.url.query_parameters
        async with unit_of_work(writes=False) as session:
            await opening.load_lists(self, session, actor)
            if not wanted:
                await opening.begin_chat(self, session, actor, asked.get("project", ""))
                return None
        try:
            return await opening.open_chat(self, actor, wanted, asked.get("at", ""))
        except NotFound as error:
            await opening.close_chat(self)
            await opening.enter_project(self, "")
            return [tell(error), rx.redirect("/chat", replace=True)]

    @rx.event
    async def load_beside(self) -> None:
        """on_load of the user's other pages: the sidebar, without an open chat."""
        async with unit_of_work(writes=False) as session:
            await (await self.get_state(SidebarState))._load(session, current_actor())
        await opening.close_chat(self)
        # Going back to a chat starts with the skeleton rather than a page without models.
        self.loading = True

    @rx.event
    async def load_in_project(self) -> None:
        """The on_load handler of a project's page, which runs after the list of chats has been
        loaded. A question asked there starts a chat in the project."""
        actor, choice = current_actor(), await self.get_state(ModelChoiceState)
        async with unit_of_work(writes=False) as session:
            await choice._load(session, actor)
            await choice._choose_default(session, actor)
        await opening.enter_project(self, str(getattr(self, "folder_id", "") or ""))

    @rx.event
    async def send_message(self, text: str, key: str) -> Replies:
        """Send a question. The page generates `key`, so that a resent event doesn't ask twice."""
        actor = current_actor()
        try:
            asked = await sending.ask(self, actor, text, key)
        except AppError as error:
            # Set it to "" first, so that the page gets the same text again if it is refused twice.
            self.current_input = self.refused_key = ""
            yield None
            self.current_input, self.refused_key = text, key
            yield tell(error)
            return
        self.accepted_key, self.refused_key, self.current_input = key, "", ""
        yield await sending.show_asked(self, actor, asked)
