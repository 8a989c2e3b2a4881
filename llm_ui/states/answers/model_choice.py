"""The model that answers the next question, a second one beside it, and the use of the context
window."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.chats.views import ContextView, MessageView, ModelItem
from llm_ui.services.answers import context
from llm_ui.services.catalogue import models, providers
from llm_ui.services.catalogue.capabilities import IMAGE
from llm_ui.services.chats import chats
from llm_ui.states.browser import Reply
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell


class ModelChoiceState(rx.State):
    """The models available to the user, and the details of the selected model that the page
    needs."""

    models: list[ModelItem] = []
    model_id: str = ""
    model_name: str = ""
    # The last model that answered in this chat, if it is no longer available.
    model_gone: str = ""
    model_thinks: bool = False
    model_accepts: list[str] = []
    # The model's defaults set by an administrator: parameters as strings, and whether it has
    # instructions.
    model_defaults: dict[str, str] = {}
    model_instructed: bool = False
    # Whether it supports vision, and a model that does.
    model_sees: bool = True
    seeing_id: str = ""
    seeing_name: str = ""
    # If there are no models: whether the built-in one may still be starting.
    models_starting: bool = False
    model_checks: int = 0
    also_model_id: str = ""
    also_model_name: str = ""
    context: ContextView = ContextView()

    # The model most recently saved as the last one used.
    _used_model_id: str = ""

    async def _load(self, session: Session, actor: Actor) -> None:
        self.models = await models.list_models(session, actor)
        self.models_starting = not self.models and providers.may_still_start()

    async def _choose_default(self, session: Session, actor: Actor) -> None:
        self._choose(await models.default_model_id(session, actor))

    def _choose(self, model_id: str, said: Sequence[MessageView] = ()) -> None:
        """Show which model answers next. `said` are the chat's messages, which still contain the
        name of a model that has been removed."""
        chosen = next((each for each in self.models if each.id == model_id), None)
        answers = (each for each in reversed(said) if each.model_name and IMAGE not in each.modes)
        last = next(answers, None) if chosen is None else None
        self.model_gone = last.model_name if last else ""
        self.model_id = chosen.id if chosen else ""
        self.model_name = chosen.name if chosen else ""
        self.model_thinks = chosen is not None and chosen.thinks
        self.model_accepts = chosen.accepts if chosen else []
        self.model_defaults = chosen.defaults if chosen else {}
        self.model_instructed = chosen is not None and chosen.instructed
        # Lets the page warn before images are sent to a model without vision.
        self.model_sees = chosen is None or chosen.sees
        other = next((each for each in self.models if each.sees and each.available), None)
        self.seeing_id = other.id if other else ""
        self.seeing_name = other.name if other else ""

    def _drop_second(self) -> None:
        self.also_model_id = self.also_model_name = ""

    async def _look_for_models(self, actor: Actor, said: Sequence[MessageView]) -> None:
        """Reload the models, because the one that was asked no longer exists: the page says so and
        offers the others."""
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
        name = self.model_name
        self._choose(self.model_id, said)
        if not self.model_id:
            self.model_gone = name or self.model_gone

    async def _note_used(self, actor: Actor, model_id: str) -> None:
        """Remember the model that was last selected or used, which new chats start with."""
        if model_id != self._used_model_id:
            self._used_model_id = model_id
            async with unit_of_work() as session:
                await models.note_used(session, actor, model_id)

    async def _measure(self, actor: Actor) -> None:
        chat_id = (await self.get_state(OpenChatState)).open_chat_id
        if not (chat_id and self.model_id):
            self.context = ContextView()
            return
        try:
            async with unit_of_work(writes=False) as session:
                self.context = await context.measure(session, actor, chat_id, self.model_id)
        except AppError:
            # The model or the chat has been deleted: there is nothing to show.
            self.context = ContextView()

    @rx.event
    async def measure_context(self) -> None:
        """Measure how full the context window is, after a chat was opened."""
        await self._measure(current_actor())

    @rx.event
    async def refresh_models(self) -> None:
        """Check again for models, while one is starting."""
        actor = current_actor()
        self.model_checks += 1
        async with unit_of_work(writes=False) as session:
            await self._load(session, actor)
            if not self.model_id:
                await self._choose_default(session, actor)

    @rx.event
    async def select_model(self, model_id: str) -> Reply:
        """Use this model for the next questions."""
        actor = current_actor()
        chat_id = (await self.get_state(OpenChatState)).open_chat_id
        try:
            async with unit_of_work() as session:
                if chat_id:
                    await chats.choose_model(session, actor, chat_id, model_id)
                else:
                    await models.get_model_for(session, actor, model_id)
        except AppError as error:
            return tell(error)
        self._choose(model_id)
        await self._note_used(actor, model_id)
        if self.also_model_id == model_id:
            self._drop_second()
        await self._measure(actor)
        return None

    @rx.event
    async def choose_also(self, model_id: str) -> Reply:
        """Have a second model answer next to the first; "" for no second one."""
        if model_id:
            try:
                async with unit_of_work(writes=False) as session:
                    await models.get_model_for(session, current_actor(), model_id)
            except AppError as error:
                return tell(error)
        chosen = next((each for each in self.models if each.id == model_id), None)
        self.also_model_id = chosen.id if chosen else ""
        self.also_model_name = chosen.name if chosen else ""
        return None
