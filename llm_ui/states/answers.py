"""The answers of the open chat: followed while they are written, stopped, written on."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, NotFound
from llm_ui.i18n import translate
from llm_ui.schemas.views import MessageView
from llm_ui.services import messages, runs
from llm_ui.services.modes import IMAGE
from llm_ui.states import push, stream
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell
from llm_ui.states.identity import IdentityState
from llm_ui.states.shown import ShownMixin


class AnswerMixin(ShownMixin, mixin=True):
    """Tokens do not pass through the state: `follow_answer` pushes them as values of
    `current_response` (see stream.py and push.py), and the state gets the finished message
    when the run ends. `_note_end` is the chat state's."""

    async def _note_end(self, actor: Actor) -> None:
        raise NotImplementedError

    def _follow(self, run_id: str) -> Any:
        """The event that follows a run (Reflex's own types do not say that it is callable)."""
        handler: Any = self.__class__.follow_answer
        return handler(run_id)

    @rx.event
    async def continue_answer(self, message_id: str) -> Any:
        """Have an answer that was cut off written on, from where it ends."""
        actor = current_actor()
        try:
            asked = await runs.continue_answer(actor, message_id)
        except AppError as error:
            return tell(error)
        if asked.chat_id != self.open_chat_id:
            return None
        async with unit_of_work(writes=False) as session:
            fresh = await messages.get_view(session, actor, message_id)
        shown = [each.id for each in self.messages]
        if message_id in shown:
            place = shown.index(message_id)
            self._grow(place, [fresh, *self.messages[place + 1 :]])
        self._note_busy()
        return self._follow(asked.run_id)

    @rx.event
    async def stop(self) -> Any:
        """Stop what this chat is waiting for: an answer, or two side by side."""
        try:
            for run_id in [*self._below, *(each.run_id for each in self.messages if each.run_id)]:
                await runs.stop(current_actor(), run_id)
        except AppError as error:
            return tell(error)
        return None

    @rx.event(background=True)
    async def follow_answer(self, run_id: str) -> None:
        """Push a run's increments to this tab until it ends, then show the message."""
        socket = push.socket_of(self)
        if not push.Watch.exists(socket, run_id):
            await self._relay(current_actor(), push.Watch(socket, run_id))

    @rx.event(background=True)
    async def resync(self, run: int, have: int) -> None:
        """The page misses something of run number `run` behind `have`: send all again."""
        del have
        running = next((each for each in self.messages if each.run == run and each.run_id), None)
        if running is not None:
            watch = push.Watch(push.socket_of(self), running.run_id)
            await self._relay(current_actor(), watch)

    @rx.event
    async def look_waiting(self, run: int) -> None:
        """The page waits for the first word of run number `run`: say what for."""
        running = next((each for each in self.messages if each.run == run and each.run_id), None)
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
            events = await runs.follow(actor, watch.run_id)
            async with aclosing(events):  # type: ignore[type-var]
                ended = await stream.relay(watch, events)
        except NotFound:
            # Not theirs, or deleted meanwhile: there is nothing to show.
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
        if run_id in self._below:
            self._below = [each for each in self._below if each != run_id]
            self._note_busy()
            await self._note_end(actor)
            return
        place = next((n for n, each in enumerate(self.messages) if each.run_id == run_id), None)
        if place is None:
            return
        async with unit_of_work(writes=False) as session:
            final = await messages.get_view(session, actor, self.messages[place].id)
        self._grow(place, [final, *self.messages[place + 1 :]])
        self._note_busy()
        await self._note_end(actor)
        if not self.busy:
            self.announcement = self._news(final, actor.language)

    def _news(self, ended: MessageView, language: str) -> str:
        """What is read out at the end: once, also when two answers stood side by side."""

        def told(message: MessageView) -> str:
            status = message.status
            key = f"chat.announce_{status}"
            if status == "done" and IMAGE in message.modes:
                key = "image.announce_done"
            if message.truncated:
                key = f"chat.announce_{message.finish_reason}"
            words = translate(key, language)
            return f"{words} {message.error}".rstrip()

        if not ended.pair:
            return told(ended)
        pair = [each for each in self.messages if each.pair]
        return " ".join(f"{each.model_name}: {told(each)}" for each in pair)
