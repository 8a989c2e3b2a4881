"""The types of models on the admin's page: the list, and the form of one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.models import TypeDraft, TypeRow
from llm_ui.services import model_types
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show, shut
from llm_ui.states.feedback import tell, words_of
from llm_ui.states.forms import texts_of

TYPE_FORM = "type-dialog"
TYPE_CONFIRM = "type-delete-dialog"


class ModelTypesMixin(rx.State, mixin=True):
    """All types, and the one that is being made, changed or taken away."""

    types: list[TypeRow] = []
    type_number: int = 0
    type_form: TypeRow = TypeRow()
    type_problem: str = ""
    type_field: str = ""

    async def _list(self, *, anew: bool = False) -> None:
        raise NotImplementedError

    def _type(self, type_id: str) -> TypeRow | None:
        return next((each for each in self.types if each.id == type_id), None)

    def _open_type(self, row: TypeRow, dialog: str) -> Any:
        self.type_number += 1
        self.type_form = row
        self.type_problem = self.type_field = ""
        return show(dialog)

    @rx.event
    @admin
    def new_type(self) -> Any:
        """Open the form for a new type."""
        return self._open_type(TypeRow(), TYPE_FORM)

    @rx.event
    @admin
    def open_type(self, type_id: str) -> Any:
        """Open a type to change it."""
        row = self._type(type_id)
        return self._open_type(row, TYPE_FORM) if row is not None else None

    @rx.event
    @admin
    async def save_type(self, form: str) -> Any:
        """Keep what stands in the form: its fields as JSON."""
        actor, type_id = current_actor(), self.type_form.id
        try:
            fields = texts_of(form)
            draft = TypeDraft(
                fields.get("name", ""), fields.get("description", ""), fields.get("icon", "")
            )
            async with unit_of_work() as session:
                if type_id:
                    self.types = await model_types.update_type(session, actor, type_id, draft)
                else:
                    self.types = await model_types.create_type(session, actor, draft)
        except AppError as error:
            self.type_problem = words_of(error)
            self.type_field = (error.field or "") if isinstance(error, InvalidInput) else ""
            return browser.to_the_wrong_field()
        await self._list()
        return shut(TYPE_FORM)

    @rx.event
    @admin
    async def move_type(self, type_id: str, up: bool) -> Any:
        """Move a type by one place."""
        ids = [each.id for each in self.types]
        if type_id not in ids:
            return None
        place = ids.index(type_id) + (0 if up else 2)
        try:
            async with unit_of_work() as session:
                draft = TypeDraft(place=place)
                self.types = await model_types.update_type(session, current_actor(), type_id, draft)
        except AppError as error:
            return tell(error)
        way, other = ("up", "down") if up else ("down", "up")
        return browser.call("focus-either", f"type-{way}-{type_id}", f"type-{other}-{type_id}")

    @rx.event
    @admin
    def ask_to_delete_type(self, type_id: str) -> Any:
        """Ask once before a type goes."""
        row = self._type(type_id)
        return self._open_type(row, TYPE_CONFIRM) if row is not None else None

    @rx.event
    @admin
    async def delete_type(self) -> Any:
        """Take away the type that was asked about."""
        try:
            async with unit_of_work() as session:
                self.types = await model_types.delete_type(
                    session, current_actor(), self.type_form.id
                )
        except AppError as error:
            return [shut(TYPE_CONFIRM), tell(error)]
        await self._list()
        return shut(TYPE_CONFIRM)
