"""The chat page: its sidebar, its messages, and the answer that is streaming in.

The state holds what the tab shows and nothing else; all of it is rebuilt from the
database in `load_chat`. Tokens do not pass through the state: `follow_answer` pushes
them as values of `current_response` (see stream.py and push.py), and the state gets the
finished message when the run ends.

Neither does the history pass again and again: of a change of `messages` the page gets what
is new, as `message_changes` (see `_grow`), and puts it into its own copy of `messages`.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Any

import reflex as rx
from reflex.state import _override_base_method
from reflex_base.constants.state import FIELD_MARKER

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, NotFound
from llm_ui.i18n import translate
from llm_ui.schemas.chats import Asked
from llm_ui.schemas.views import ContextView, MessageView, ModelItem, SettingsView
from llm_ui.services import chat_settings, chats, messages, models, runs
from llm_ui.services.attachments import parse_ids
from llm_ui.states import push, stream, temporary
from llm_ui.states.access import current_actor
from llm_ui.states.branches import BranchMixin
from llm_ui.states.feedback import tell
from llm_ui.states.identity import IdentityState
from llm_ui.states.modes import ModesMixin
from llm_ui.states.sidebar import SidebarMixin
from llm_ui.states.tuning import TuningMixin


def _follow(run_id: str) -> Any:
    """The event that follows a run (Reflex's own types do not say that it is callable)."""
    handler: Any = ChatState.follow_answer
    return handler(run_id)


def _measure() -> Any:
    handler: Any = ChatState.measure_context
    return handler()


class ChatState(SidebarMixin, BranchMixin, TuningMixin, ModesMixin, stream.StreamState):
    """What one tab's chat page shows; `current_response` comes from StreamState."""

    open_chat_id: str = ""
    chat_title: str = ""
    messages: list[MessageView] = []
    # {"n": how many since `messages` was sent whole, "after": a message's id}; the page also
    # gets "put": what follows it now.
    message_changes: dict[str, Any] = {}
    has_earlier: bool = False
    loading: bool = True
    models: list[ModelItem] = []
    model_id: str = ""
    model_name: str = ""
    model_thinks: bool = False
    model_checks: int = 0
    busy: bool = False
    current_input: str = ""
    accepted_key: str = ""
    # The files of the next question.
    attachment_ids: list[str] = []
    announcement: str = ""

    _earlier: str = ""

    # --- opening ------------------------------------------------------------------

    @rx.event
    async def load_chat(self) -> Any:
        """on_load of the chat page: rebuild everything from the database."""
        actor = current_actor()
        # The route's argument, which Reflex keeps in the root state.
        wanted = str(getattr(self, "chat_id", "") or "")
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
            await self._load_sidebar(session, actor)
            self._note_project(
                "" if wanted else self.router.url.query_parameters.get("project", "")
            )
            if not wanted:
                self._clear()
                self._choose(await models.default_model_id(session, actor))
                return None
            try:
                view = await chats.open_chat(session, actor, wanted)
            except NotFound as error:
                self._clear()
                return [tell(error), rx.redirect("/chat", replace=True)]
        socket = push.socket_of(self)
        if view.head.id != self.open_chat_id:
            push.Watch.leave(socket)
            self.also_model_id = self.also_model_name = self.announcement = ""
        self.open_chat_id = view.head.id
        self.chat_title = view.head.title
        self.temporary, self._draft = view.head.temporary, {}
        if self.temporary:
            temporary.entered(socket, view.head.id)
        self.settings = chat_settings.view_of(view.head.settings)
        self._show(view.messages)
        self._earlier, self.has_earlier = view.earlier, bool(view.earlier)
        self._choose(view.head.model_id)
        self._load_modes(view.messages)
        self.loading = False
        self._note_busy()
        return [*(_follow(each.run_id) for each in view.running), _measure()]

    @rx.event
    async def load_beside(self) -> None:
        """on_load of the person's other pages: the chats beside them, none of them open."""
        async with unit_of_work(writes=False) as session:
            await self._load_sidebar(session, current_actor())
        self._clear()
        # The way back begins with the skeleton, not with a page that lacks its models.
        self.loading = True

    def _clear(self) -> None:
        self.open_chat_id = self.chat_title = self._earlier = self.announcement = ""
        self.also_model_id = self.also_model_name = ""
        self.temporary, self._draft = False, {}
        self.settings, self.context = SettingsView(), ContextView()
        self._show([])
        self._load_modes([])
        self.has_earlier = False
        self.busy = self.loading = False
        push.Watch.leave(push.socket_of(self))

    def _show(self, shown: list[MessageView]) -> None:
        self.messages, self.message_changes = shown, {}

    def _grow(self, place: int, fresh: list[MessageView]) -> None:
        """Put messages in place of all from `place` on; the page gets only these.

        A page that has missed something notices it by the number or by the id, and
        loads the chat again.
        """
        shown = [*self.messages[:place], *fresh]
        if place == 0 or "messages" in self.dirty_vars:
            self._show(shown)
            return
        number = self.message_changes.get("n", 0) + 1
        self.messages = shown
        self.message_changes = {"n": number, "after": shown[place - 1].id}

    async def _show_branch(self, actor: Actor) -> Any:
        """Show the chat's present branch; what the page has of it already stays."""
        async with unit_of_work(writes=False) as session:
            view = await chats.open_chat(session, actor, self.open_chat_id)
        known = [each.id for each in self.messages]
        first = view.messages[0].id if view.messages else ""
        if first in known:
            fresh = [*self.messages[: known.index(first)], *view.messages]
        else:
            fresh = view.messages
            self._earlier, self.has_earlier = view.earlier, bool(view.earlier)
        same = 0
        for shown, wanted in zip(self.messages, fresh, strict=False):
            if shown != wanted:
                break
            same += 1
        self._grow(same, fresh[same:])
        self._choose(view.head.model_id)
        self._note_busy()
        if not self.temporary:
            head = view.head
            self._touch_chat(head.id, head.title, head.updated_at, running=self.busy)
        await self._measure(actor)
        return [_follow(each.run_id) for each in view.running]

    # Without the mark Reflex refuses a method of this name; its deltas ask the override.
    @_override_base_method
    def get_delta(self) -> Any:
        """What the page gets of a change: of `messages` only what `message_changes` says,
        or the whole list when that is empty."""
        delta = super().get_delta()
        values = delta.get(self.get_full_name(), {})
        if change := values.get("message_changes" + FIELD_MARKER):
            shown = values.pop("messages" + FIELD_MARKER)
            place = next(n for n, each in enumerate(shown) if each.id == change["after"])
            values["message_changes" + FIELD_MARKER] = {**change, "put": shown[place + 1 :]}
        return delta

    def _choose(self, model_id: str) -> None:
        chosen = next((each for each in self.models if each.id == model_id), None)
        self.model_id = chosen.id if chosen else ""
        self.model_name = chosen.name if chosen else ""
        self.model_thinks = chosen is not None and chosen.thinks
        self.model_accepts = chosen.accepts if chosen else []

    @rx.event
    async def refresh_models(self) -> None:
        """The page waits for a model that is still starting: look again."""
        actor = current_actor()
        self.model_checks += 1
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
            if not self.model_id:
                self._choose(await models.default_model_id(session, actor))

    @rx.event
    async def load_earlier(self) -> None:
        """Put the page of messages before the first one shown in front of it."""
        if not self._earlier:
            return
        async with unit_of_work(writes=False) as session:
            view = await chats.open_chat(
                session, current_actor(), self.open_chat_id, before=self._earlier
            )
        self._show([*view.messages, *self.messages])
        self._earlier, self.has_earlier = view.earlier, bool(view.earlier)

    @rx.event
    async def select_model(self, model_id: str) -> Any:
        """Answer the next questions with this model."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                if self.open_chat_id:
                    await chats.choose_model(session, actor, self.open_chat_id, model_id)
                else:
                    await models.get_model_for(session, actor, model_id)
        except AppError as error:
            return tell(error)
        self._choose(model_id)
        if self.also_model_id == model_id:
            self.also_model_id = self.also_model_name = ""
        await self._measure(actor)
        return None

    # --- asking -------------------------------------------------------------------

    @rx.event
    def attach_files(self, ids: str) -> Any:
        """Send these files (a JSON list of ids) with the next question, which checks them."""
        try:
            self.attachment_ids = parse_ids(ids)
        except AppError as error:
            self.attachment_ids = []
            return tell(error)
        return None

    @rx.event
    async def send_message(self, text: str, key: str) -> Any:
        """Ask. `key` is made by the page: a resent event asks nothing twice."""
        actor = current_actor()
        try:
            asked = await runs.ask(
                actor,
                text,
                chat_id=self.open_chat_id or None,
                model_id=self.model_id or None,
                key=key or None,
                options=replace(
                    self._ask_options(),
                    modes=tuple(self.modes),
                    file_ids=tuple(self.attachment_ids),
                    project_id=self.new_project_id,
                ),
            )
        except AppError as error:
            self.attachment_ids = []
            # Through the empty text, so that the same refused text comes back twice too.
            self.current_input = ""
            yield
            self.current_input = text
            yield tell(error)
            return
        self.accepted_key, self.current_input, self.attachment_ids = key, "", []
        is_new = asked.chat_id != self.open_chat_id
        if not asked.shown:
            asked = await self._asked_before(actor, asked)
        await runs.until_asked(asked.run_id)
        if not is_new and any(each.pair for each in self.messages):
            # Two answers stood side by side: whoever asks on has kept one of them.
            yield await self._show_branch(actor)
            return
        self._show_asked(asked)
        yield _follow(asked.run_id)
        if asked.also_run_id:
            yield _follow(asked.also_run_id)
        if is_new:
            yield rx.redirect(f"/chat/{asked.chat_id}", replace=True)

    async def _asked_before(self, actor: Actor, asked: Asked) -> Asked:
        async with unit_of_work(writes=False) as session:
            view = await chats.open_chat(session, actor, asked.chat_id, limit=2)
        head, shown = view.head, tuple(view.messages)
        return replace(asked, shown=shown, title=head.title, updated_at=head.updated_at)

    def _show_asked(self, asked: Asked) -> None:
        known = {each.id for each in self.messages}
        fresh = [each for each in asked.shown if each.id not in known]
        self._grow(len(self.messages) if asked.chat_id == self.open_chat_id else 0, fresh)
        self.open_chat_id, self.chat_title = asked.chat_id, asked.title
        self._note_busy()
        self.loading = False
        if self.temporary:
            temporary.entered(push.socket_of(self), asked.chat_id)
        else:
            self._touch_chat(asked.chat_id, asked.title, asked.updated_at, running=self.busy)

    def _note_busy(self) -> None:
        # An answer may be over before its question is on the screen.
        self.busy = any(each.run_id for each in self.messages)
        if self.busy:
            # The same words twice would be no change, and so not be read out again.
            self.announcement = ""

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
        return _follow(asked.run_id)

    @rx.event
    async def stop(self) -> Any:
        """Stop what this chat is waiting for: an answer, or two side by side."""
        try:
            for running in [each for each in self.messages if each.run_id]:
                await runs.stop(current_actor(), running.run_id)
        except AppError as error:
            return tell(error)
        return None

    # --- the answer ---------------------------------------------------------------

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
        place = next((n for n, each in enumerate(self.messages) if each.run_id == run_id), None)
        if place is None:
            return
        async with unit_of_work(writes=False) as session:
            final = await messages.get_view(session, actor, self.messages[place].id)
        self._grow(place, [final, *self.messages[place + 1 :]])
        self._note_busy()
        self._touch_chat(self.open_chat_id, self.chat_title, "", running=self.busy)
        await self._measure(actor)
        if not self.busy:
            self.announcement = self._news(final, actor.language)

    def _news(self, ended: MessageView, language: str) -> str:
        """What is read out at the end: once, also when two answers stood side by side."""

        def told(message: MessageView) -> str:
            words = translate(f"chat.announce_{message.status}", language)
            return f"{words} {message.error}".rstrip()

        if not ended.pair:
            return told(ended)
        pair = [each for each in self.messages if each.pair]
        return " ".join(f"{each.model_name}: {told(each)}" for each in pair)
