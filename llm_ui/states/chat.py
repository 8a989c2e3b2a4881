"""The chat page: its sidebar, its messages, and the answer that is streaming in.

The state holds what the tab shows and nothing else; all of it is rebuilt from the
database in `load_chat`. Tokens do not pass through the state: `follow_answer` pushes
them as values of `current_response` (see stream.py and push.py), and the state gets the
finished message when the run ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, ModelUnavailable, NotFound
from llm_ui.schemas.chats import Asked, AskOptions, ChatView
from llm_ui.schemas.files import FilesAlong
from llm_ui.schemas.views import ContextView, MessageView, ModelItem, SettingsView
from llm_ui.services import branches, chat_settings, chats, models, providers, runs
from llm_ui.services.modes import IMAGE, THINKING
from llm_ui.states import presence, push, stream, temporary
from llm_ui.states.access import current_actor
from llm_ui.states.answers import AnswerMixin
from llm_ui.states.branches import BranchMixin
from llm_ui.states.catching_up import CatchUpMixin
from llm_ui.states.feedback import tell
from llm_ui.states.instructions import InstructionsMixin
from llm_ui.states.modes import ModesMixin
from llm_ui.states.project_files import AlongMixin
from llm_ui.states.tuning import TuningMixin


def _measure() -> Any:
    handler: Any = ChatState.measure_context
    return handler()


class ChatState(
    CatchUpMixin,
    AnswerMixin,
    BranchMixin,
    TuningMixin,
    InstructionsMixin,
    ModesMixin,
    AlongMixin,
    stream.StreamState,
):
    """What one tab's chat page shows; `current_response` comes from StreamState."""

    open_chat_id: str = ""
    chat_title: str = ""
    loading: bool = True
    models: list[ModelItem] = []
    model_id: str = ""
    model_name: str = ""
    # The model that answered last in this chat, if it cannot be asked any more.
    model_gone: str = ""
    model_thinks: bool = False
    # While there are no models: whether the bundled one may still come.
    models_starting: bool = False
    model_checks: int = 0
    current_input: str = ""
    # The key of the message that was refused: the page has its words, and knows whose they are.
    refused_key: str = ""
    accepted_key: str = ""

    # --- opening ------------------------------------------------------------------

    @rx.event
    async def load_chat(self) -> Any:
        """on_load of the chat page: rebuild everything from the database."""
        actor = current_actor()
        # The route's argument, which Reflex keeps in the root state.
        wanted = str(getattr(self, "chat_id", "") or "")
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
            self.models_starting = not self.models and providers.may_still_start()
            await self._load_image_models(session)
            await self._load_sidebar(session, actor)
            self._note_project(
                "" if wanted else self.router.url.query_parameters.get("project", "")
            )
            if not wanted:
                self._clear()
                self._choose(await models.default_model_id(session, actor))
                await self._load_along(session, actor, "")
                return None
        try:
            view, end = await self._open(actor, wanted)
            async with unit_of_work(writes=False) as session:
                await self._load_along(session, actor, wanted)
        except NotFound as error:
            self._clear()
            return [tell(error), rx.redirect("/chat", replace=True)]
        if view.head.id != self.open_chat_id:
            push.Watch.leave(push.socket_of(self))
            self.also_model_id = self.also_model_name = self.announcement = ""
        self.open_chat_id = view.head.id
        self.chat_title = view.head.title
        self.temporary, self._draft = view.head.temporary, {}
        self.origin_id, self.origin_title = view.origin
        self._note_open()
        self._note_project(view.head.project_id)
        self.settings = chat_settings.view_of(view.head.settings)
        self._show(view.messages)
        self._reach(view.earlier, view.later, [each.run_id for each in end.running])
        self._choose(view.head.model_id, end.messages)
        self._load_modes(end.messages)
        self.loading = False
        self._note_busy()
        return [*(self._follow(each.run_id) for each in end.running), _measure()]

    async def _open(self, actor: Actor, chat_id: str) -> tuple[ChatView, ChatView]:
        """What to show of a chat: its end, or what stands around the message that the address
        asks for with `at`; and its end in any case, be it of two messages only.

        What is asked next follows what is shown: the message's branch becomes the chat's.
        """
        at = self.router.url.query_parameters.get("at", "")
        async with unit_of_work(writes=False) as session:
            view = end = await chats.open_chat(session, actor, chat_id, around=at or None)
        if view.aside:
            async with unit_of_work() as session:
                await branches.show(session, actor, at)
        if view.later:
            async with unit_of_work(writes=False) as session:
                end = await chats.open_chat(session, actor, chat_id, limit=2)
        is_there = any(each.id == at for each in view.messages)
        self.aim = {"n": self.aim["n"] + 1, "id": at if is_there else ""}
        return view, end

    @rx.event
    async def load_beside(self) -> None:
        """on_load of the person's other pages: the chats beside them, none of them open."""
        async with unit_of_work(writes=False) as session:
            await self._load_sidebar(session, current_actor())
        self._clear()
        # The way back begins with the skeleton, not with a page that lacks its models.
        self.loading = True

    def _clear(self) -> None:
        self.open_chat_id = self.chat_title = self.announcement = ""
        self.origin_id = self.origin_title = ""
        self.also_model_id = self.also_model_name = ""
        self.temporary, self._draft = False, {}
        self.settings, self.context = SettingsView(), ContextView()
        self.along = FilesAlong()
        self._show([])
        self._load_modes([])
        self._reach("")
        self.busy = self.loading = False
        push.Watch.leave(push.socket_of(self))
        self._note_open()

    def _note_open(self) -> None:
        """Note for others which chat this tab shows."""
        socket = push.socket_of(self)
        presence.note_chat(socket.token, self.open_chat_id)
        if self.temporary:
            temporary.entered(socket, self.open_chat_id)

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
        self._reach(self._earlier if first in known else view.earlier)
        same = 0
        for shown, wanted in zip(self.messages, fresh, strict=False):
            if shown != wanted:
                break
            same += 1
        self._grow(same, fresh[same:])
        head = view.head
        self._choose(head.model_id, view.messages)
        self.chat_title, self.settings = head.title, chat_settings.view_of(head.settings)
        self._note_busy()
        if not self.temporary:
            self._touch_chat(head.id, head.title, head.updated_at, running=self.busy)
        await self._measure(actor)
        return [self._follow(each.run_id) for each in view.running]

    async def _note_end(self, actor: Actor) -> None:
        self._touch_chat(self.open_chat_id, self.chat_title, "", running=self.busy)
        await self._measure(actor)

    def _choose(self, model_id: str, said: Sequence[MessageView] = ()) -> None:
        """Show which model answers next; `said` is what the chat holds, for the name of one
        that is gone."""
        chosen = next((each for each in self.models if each.id == model_id), None)
        answers = (each for each in reversed(said) if each.model_name and IMAGE not in each.modes)
        last = next(answers, None) if chosen is None else None
        self.model_gone = last.model_name if last else ""
        self.model_id = chosen.id if chosen else ""
        self.model_name = chosen.name if chosen else ""
        self.model_thinks = chosen is not None and chosen.thinks
        self._note_sight(self.models, chosen)
        self.model_accepts = chosen.accepts if chosen else []
        self.model_defaults = chosen.defaults if chosen else {}
        self.model_instructed = chosen is not None and chosen.instructed

    @rx.event
    async def refresh_models(self) -> None:
        """The page waits for a model that is still starting: look again."""
        actor = current_actor()
        self.model_checks += 1
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
            self.models_starting = not self.models and providers.may_still_start()
            if not self.model_id:
                self._choose(await models.default_model_id(session, actor))

    async def _look_for_models(self, actor: Actor) -> None:
        """The model that was asked is gone: so the page says, and offers what there is."""
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
        name = self.model_name
        self._choose(self.model_id, self.messages)
        if not self.model_id:
            self.model_gone = name or self.model_gone

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
        await self._note_used(actor, model_id)
        if self.also_model_id == model_id:
            self.also_model_id = self.also_model_name = ""
        await self._measure(actor)
        return None

    # --- asking -------------------------------------------------------------------

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
                options=self._options(),
            )
        except AppError as error:
            self.attachment_ids = []
            if isinstance(error, ModelUnavailable):
                await self._look_for_models(actor)
            # Through the empty text, so that the same refused text comes back twice too.
            self.current_input = self.refused_key = ""
            yield
            self.current_input, self.refused_key = text, key
            yield tell(error)
            return
        self.accepted_key, self.refused_key, self.current_input = key, "", ""
        self.attachment_ids = []
        await self._note_used(actor, self.model_id)
        is_new = asked.chat_id != self.open_chat_id
        if not asked.shown:
            asked = await self._asked_before(actor, asked)
        await runs.until_asked(asked.run_id)
        if not is_new and (self._later or any(each.pair for each in self.messages)):
            # What is shown is further up, or two answers stood side by side: whoever asks on
            # has kept one of them.
            yield await self._show_branch(actor)
            return
        self._show_asked(asked)
        yield self._follow(asked.run_id)
        if asked.also_run_id:
            yield self._follow(asked.also_run_id)
        if is_new:
            # The empty chat page becomes that chat; one comes back to a project's page.
            is_here = self.router.url.path.startswith("/chat")
            yield rx.redirect(f"/chat/{asked.chat_id}", replace=is_here)

    def _options(self) -> AskOptions:
        options = replace(
            self._ask_options(),
            modes=tuple(mode for mode in self.modes if self._offers(mode)),
            file_ids=tuple(self.attachment_ids),
            project_id=self.chat_project_id,
        )
        if IMAGE in self.modes:
            # The second model is one that writes, and has nothing to say here.
            options = replace(options, also_model_id="", image_model_id=self.image_model_id)
        return options

    def _offers(self, mode: str) -> bool:
        """Whether the switch of a mode is there; thinking stays on while another model that
        cannot think is tried."""
        return mode != THINKING or self.model_thinks

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
        self._note_open()
        if not self.temporary:
            self._touch_chat(asked.chat_id, asked.title, asked.updated_at, running=self.busy)
