"""The form of a model: its initial values, and the people who may use the model."""

from __future__ import annotations

from dataclasses import replace

from llm_ui.enums import Visibility
from llm_ui.schemas.accounts.users import PersonFilters
from llm_ui.schemas.catalogue.models import ModelDetail, PersonRef
from llm_ui.services.accounts import users
from llm_ui.services.catalogue import model_admin, model_checks, model_views
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.forms import open_form, texts_of
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.listing import Listing

FORM = "model-dialog"
FOUND = 6


class ModelFormMixin(Listing, mixin=True):
    """The model being edited. The people selected are kept here until it is saved."""

    # Incremented each time the form is opened, so that its fields are created from scratch.
    form_number: int = 0
    form: ModelDetail = ModelDetail()
    form_window: str = ""
    form_longest: str = ""
    form_thinks: bool = False
    form_sees: bool = False
    form_visibility: Visibility = Visibility.EVERYONE
    form_readers: list[PersonRef] = []
    # People who match the search, and whether a search is active.
    form_found: list[PersonRef] = []
    form_looked: bool = False
    form_problem: str = ""
    form_field: str = ""

    @handler("admin")
    async def open_model(self, model_id: str) -> Reply:
        """Open a model for editing."""
        found = await read(model_views.get_model, model_id)
        self.form = found
        self.form_window = str(found.row.window) if found.row.window > 0 else ""
        self.form_longest = str(found.max_tokens) if found.max_tokens > 0 else ""
        self.form_thinks = "thinking" in found.capabilities
        self.form_sees = "vision" in found.capabilities
        self.form_visibility = found.row.visibility
        self.form_readers = found.chosen
        self.form_found, self.form_looked = [], False
        return open_form(self, "form_", FORM)

    @handler("admin")
    def choose_visibility(self, visibility: str) -> None:
        """Show the fields for this visibility."""
        if visibility in tuple(Visibility):
            self.form_visibility = Visibility(visibility)

    @handler("admin")
    async def look_for_readers(self, query: str) -> None:
        """Suggest people to select."""
        self.form_looked = bool(query.strip())
        if not self.form_looked:
            self.form_found = []
            return
        limit = FOUND + len(self.form_readers)
        page = await read(users.list_people, PersonFilters(query[:200]), limit=limit)
        chosen = {each.id for each in self.form_readers}
        fresh = [each for each in page.items if each.id not in chosen][:FOUND]
        self.form_found = [PersonRef(each.id, each.username, each.email) for each in fresh]

    @handler("admin")
    def add_reader(self, user_id: str) -> Reply:
        """Select a user from the suggestions."""
        chosen = next((each for each in self.form_found if each.id == user_id), None)
        if chosen is not None:
            self.form_readers = [*self.form_readers, chosen]
            self.form_found = [each for each in self.form_found if each.id != user_id]
        return browser.call("focus", "model-reader")

    @handler("admin")
    def drop_reader(self, user_id: str) -> Reply:
        """Deselect a user."""
        self.form_readers = [each for each in self.form_readers if each.id != user_id]
        return browser.call("focus", "model-reader")

    @handler("admin", form="form_", closes=FORM)
    async def save_model(self, form: str) -> None:
        """Save the form (its fields as JSON) and the selected people."""
        model = self.form
        draft = model_checks.draft_from_form(
            texts_of(form), model.accepts, images=model.row.makes_images
        )
        draft = replace(draft, readers=[each.id for each in self.form_readers])
        if draft.place == model.place:
            # The position may have changed since the form was opened.
            draft = replace(draft, place=None)
        await write(model_admin.update_model, model.row.id, draft)
        await self._list(again=True)
