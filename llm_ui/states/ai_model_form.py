"""The form of a model: what stands in it when it opens, and who is chosen for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.models import ModelDetail, PersonRef
from llm_ui.schemas.people import PersonFilters
from llm_ui.services import model_admin, model_checks, model_views, people
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show, shut
from llm_ui.states.feedback import tell, words_of
from llm_ui.states.forms import texts_of

FORM = "model-dialog"
FOUND = 6


class ModelFormMixin(rx.State, mixin=True):
    """A model that is being changed. Who is chosen for it stands here until it is saved."""

    # Each opening of the form is a new one, with fields of its own.
    form_number: int = 0
    form: ModelDetail = ModelDetail()
    form_window: str = ""
    form_longest: str = ""
    form_thinks: bool = False
    form_sees: bool = False
    form_visibility: str = "everyone"
    form_readers: list[PersonRef] = []
    # People who fit what is typed, and whether anything is.
    form_found: list[PersonRef] = []
    form_looked: bool = False
    form_problem: str = ""
    form_field: str = ""

    async def _list(self, *, anew: bool = False) -> None:
        raise NotImplementedError

    @rx.event
    @admin
    async def open_model(self, model_id: str) -> Any:
        """Open a model to change it."""
        try:
            async with unit_of_work(writes=False) as session:
                found = await model_views.get_model(session, current_actor(), model_id)
        except AppError as error:
            return tell(error)
        self.form_number += 1
        self.form = found
        self.form_window = str(found.row.window) if found.row.window > 0 else ""
        self.form_longest = str(found.max_tokens) if found.max_tokens > 0 else ""
        self.form_thinks = "thinking" in found.capabilities
        self.form_sees = "vision" in found.capabilities
        self.form_visibility = found.row.visibility
        self.form_readers = found.chosen
        self.form_found, self.form_looked = [], False
        self.form_problem = self.form_field = ""
        return show(FORM)

    @rx.event
    @admin
    def choose_visibility(self, visibility: str) -> None:
        """Show what belongs to that choice of who may use the model."""
        if visibility in model_checks.VISIBILITIES:
            self.form_visibility = visibility

    @rx.event
    @admin
    async def look_for_readers(self, query: str) -> None:
        """Offer people who could be chosen."""
        self.form_looked = bool(query.strip())
        if not self.form_looked:
            self.form_found = []
            return
        filters = PersonFilters(query[:200])
        limit = FOUND + len(self.form_readers)
        async with unit_of_work(writes=False) as session:
            page = await people.list_people(session, current_actor(), filters, limit=limit)
        chosen = {each.id for each in self.form_readers}
        fresh = [each for each in page.items if each.id not in chosen][:FOUND]
        self.form_found = [PersonRef(each.id, each.username, each.email) for each in fresh]

    @rx.event
    @admin
    def add_reader(self, user_id: str) -> Any:
        """Choose somebody who was found."""
        chosen = next((each for each in self.form_found if each.id == user_id), None)
        if chosen is not None:
            self.form_readers = [*self.form_readers, chosen]
            self.form_found = [each for each in self.form_found if each.id != user_id]
        return browser.call("focus", "model-reader")

    @rx.event
    @admin
    def drop_reader(self, user_id: str) -> Any:
        """Choose somebody no longer."""
        self.form_readers = [each for each in self.form_readers if each.id != user_id]
        return browser.call("focus", "model-reader")

    @rx.event
    @admin
    async def save_model(self, form: str) -> Any:
        """Keep what stands in the form (its fields as JSON) and who is chosen."""
        actor, model = current_actor(), self.form
        try:
            draft = model_checks.draft_from_form(texts_of(form), model.accepts)
            draft = replace(draft, readers=[each.id for each in self.form_readers])
            if draft.place == model.place:
                # Where it stands in the form may be elsewhere by now.
                draft = replace(draft, place=None)
            async with unit_of_work() as session:
                await model_admin.update_model(session, actor, model.row.id, draft)
        except AppError as error:
            self.form_problem = words_of(error)
            self.form_field = (error.field or "") if isinstance(error, InvalidInput) else ""
            return browser.to_the_wrong_field()
        await self._list()
        return shut(FORM)
