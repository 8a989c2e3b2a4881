"""The answers of the open chat: following, stopping and continuing them.

Tokens don't pass through a state: `follow_answer` sends them as values of `current_response` (see
socket/stream.py and socket/push.py), and the state gets the finished message when the run ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing

import reflex as rx
from reflex.event import EventSpec

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.enums import RunState
from llm_ui.errors import AppError, NotFound
from llm_ui.i18n import translate
from llm_ui.schemas.chats.views import MessageView
from llm_ui.services.answers import runs
from llm_ui.services.catalogue.capabilities import IMAGE
from llm_ui.services.chats import messages
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.browser import Reply, then
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.sidebar import SidebarState
from llm_ui.states.socket import push, stream
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell
from llm_ui.states.socket.identity import IdentityState


class FollowingState(rx.State):
    """Handlers for answers that are being written; OpenChatState holds what they show."""

    @rx.event
    async def continue_answer(self, message_id: str) -> Reply:
        """Continue an answer that was cut off."""
        actor = current_actor()
        try:
            asked = await runs.continue_answer(actor, message_id)
        except AppError as error:
            return tell(error)
        chat = await self.get_state(OpenChatState)
        if asked.chat_id != chat.open_chat_id:
            return None
        async with unit_of_work(writes=False) as session:
            fresh = await messages.get_view(session, actor, message_id)
        chat._replace(fresh)
        chat._note_busy()
        return follow(asked.run_id)

    @rx.event
    async def stop(self) -> Reply:
        """Stop the running answer of this chat, or both answers of a comparison."""
        chat = await self.get_state(OpenChatState)
        try:
            for run_id in [*chat._below, *(each.run_id for each in chat.messages if each.run_id)]:
                await runs.stop(current_actor(), run_id)
        except AppError as error:
            return tell(error)
        return None

    @rx.event(background=True)
    async def follow_answer(self, run_id: str) -> None:
        """Push a run's text to this tab until the run ends, then show the finished message."""
        socket = push.socket_of(self)
        if not push.Watch.exists(socket, run_id):
            await self._relay(current_actor(), push.Watch(socket, run_id))

    @rx.event(background=True)
    async def resync(self, run: int, have: int) -> None:
        """Resend everything: the page has a gap in run number `run` after offset `have`."""
        del have
        async with self:
            running = (await self.get_state(OpenChatState))._running(run)
        if running is not None:
            watch = push.Watch(push.socket_of(self), running.run_id)
            await self._relay(current_actor(), watch)

    @rx.event
    async def look_waiting(self, run: int) -> None:
        """Tell the page what run number `run`, which has not produced a token yet, is waiting
        for."""
        running = (await self.get_state(OpenChatState))._running(run)
        if running is None:
            return
        found = await runs.waiting(current_actor(), running.run_id)
        if found is None:
            return
        said = {"what": found.what, "model": found.model, "tokens": found.tokens}
        value = {"g": run, **said, "s": found.seconds}
        await push.socket_of(self).push(stream.StreamState, {stream.WAITING_VAR: value})

    async def _relay(self, actor: Actor, watch: push.Watch) -> None:
        ended = False
        try:
            async with aclosing(await runs.follow(actor, watch.run_id)) as events:
                ended = await stream.relay(watch, events)
        except NotFound:
            # The run belongs to another user or has been deleted, so there is nothing to show.
            return
        finally:
            watch.end()
        if ended:
            async with self:
                await self._show_end(actor, watch.run_id)

    async def _show_end(self, actor: Actor, run_id: str) -> None:
        identity = await self.get_state(IdentityState)
        if identity._owner != actor.user_id:
            return
        chat = await self.get_state(OpenChatState)
        final = None
        if run_id in chat._below:
            chat._below = [each for each in chat._below if each != run_id]
        else:
            ended = next((each.id for each in chat.messages if each.run_id == run_id), None)
            if ended is None:
                return
            async with unit_of_work(writes=False) as session:
                final = await messages.get_view(session, actor, ended)
            chat._replace(final)
        chat._note_busy()
        sidebar = await self.get_state(SidebarState)
        sidebar._touch(chat.open_chat_id, chat.chat_title, "", running=chat.busy)
        await (await self.get_state(ModelChoiceState))._measure(actor)
        if final is not None and not chat.busy:
            chat.announcement = _announcement(final, chat.messages, actor.language)


def follow(run_id: str) -> EventSpec:
    """The event that follows a run."""
    return then(FollowingState.follow_answer, run_id)


def follow_all(answers: Iterable[MessageView]) -> list[EventSpec]:
    """The events that follow the runs of these answers."""
    return [follow(each.run_id) for each in answers]


def _announcement(ended: MessageView, shown: Iterable[MessageView], language: str) -> str:
    """The announcement for screen readers at the end. There is only one, even for the two answers
    of a comparison."""

    def told(message: MessageView) -> str:
        status = message.status
        key = f"chat.announce_{status}"
        if status == RunState.DONE and IMAGE in message.modes:
            key = "image_answers.announce_done"
        if message.truncated:
            key = f"chat.announce_{message.finish_reason}"
        words = translate(key, language)
        return f"{words} {message.error}".rstrip()

    if not ended.pair:
        return told(ended)
    return " ".join(f"{each.model_name}: {told(each)}" for each in shown if each.pair)
