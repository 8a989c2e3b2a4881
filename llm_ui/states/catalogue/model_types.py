"""Model types on the Models admin page: the list, and the form of a type."""

from __future__ import annotations

from llm_ui.schemas.catalogue.models import TypeDraft, TypeRow
from llm_ui.services.catalogue import model_types
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.forms import open_form, texts_of
from llm_ui.states.handlers import handler, write
from llm_ui.states.listing import Listing

TYPE_FORM = "type-dialog"
TYPE_CONFIRM = "type-delete-dialog"


class ModelTypesMixin(Listing, mixin=True):
    """All model types, and the one being created, changed or deleted."""

    types: list[TypeRow] = []
    type_number: int = 0
    type_form: TypeRow = TypeRow()
    type_problem: str = ""
    type_field: str = ""

    def _open_type(self, type_id: str, dialog: str) -> Reply:
        row = next((each for each in self.types if each.id == type_id), None)
        if row is None:
            return None
        self.type_form = row
        return open_form(self, "type_", dialog)

    @handler("admin")
    def new_type(self) -> Reply:
        """Open the form for a new type."""
        self.type_form = TypeRow()
        return open_form(self, "type_", TYPE_FORM)

    @handler("admin")
    def open_type(self, type_id: str) -> Reply:
        """Open a type for editing."""
        return self._open_type(type_id, TYPE_FORM)

    @handler("admin", form="type_", closes=TYPE_FORM)
    async def save_type(self, form: str) -> None:
        """Save the form: its fields as JSON."""
        fields, type_id = texts_of(form), self.type_form.id
        draft = TypeDraft(
            fields.get("name", ""), fields.get("description", ""), fields.get("icon", "")
        )
        if type_id:
            self.types = await write(model_types.update_type, type_id, draft)
        else:
            self.types = await write(model_types.create_type, draft)
        await self._list(again=True)

    @handler("admin")
    async def move_type(self, type_id: str, up: bool) -> Reply:
        """Move a type up or down by one position."""
        ids = [each.id for each in self.types]
        if type_id not in ids:
            return None
        draft = TypeDraft(place=ids.index(type_id) + (0 if up else 2))
        self.types = await write(model_types.update_type, type_id, draft)
        way, other = ("up", "down") if up else ("down", "up")
        return browser.call("focus-either", f"type-{way}-{type_id}", f"type-{other}-{type_id}")

    @handler("admin")
    def ask_to_delete_type(self, type_id: str) -> Reply:
        """Ask for confirmation before a type is deleted."""
        return self._open_type(type_id, TYPE_CONFIRM)

    @handler("admin", closes=TYPE_CONFIRM)
    async def delete_type(self) -> None:
        """Delete the type after confirmation."""
        self.types = await write(model_types.delete_type, self.type_form.id)
        await self._list(again=True)
