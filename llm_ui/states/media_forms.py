"""The forms of the page of media: a provider, a model, a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.media import MediaModelItem, MediaProviderDraft
from llm_ui.schemas.providers import ConnectionTest
from llm_ui.services import media_connection, media_views, provider_checks
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show
from llm_ui.states.feedback import tell, words_of
from llm_ui.states.forms import texts_of

PROVIDER = "media-provider-dialog"
MODEL = "media-model-dialog"
TYPE = "media-type-dialog"
# Where most begin.
USUAL_NAME, USUAL_URL = "OpenAI", "https://api.openai.com/v1"


def provider_draft(fields: Mapping[str, str]) -> MediaProviderDraft:
    """What a provider's form says."""
    return MediaProviderDraft(
        name=fields.get("name", ""),
        base_url=fields.get("base_url", ""),
        api_key=provider_checks.key_from_form(fields),
    )


def params_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """What a model's form sets. Raises InvalidInput for a count that is none."""
    text = fields.get("n", "").strip()
    # What is no number is said by the service, with the limit.
    count: int | str = int(text) if text.isdigit() and len(text) < 6 else text
    if text == "0":
        count = "0"
    return {**{name: fields.get(name, "") for name in ("size", "quality", "style")}, "n": count}


class MediaFormMixin(rx.State, mixin=True):
    """What stands in the form that is open; one at a time."""

    # Each opening of a form is a new one, with fields of its own.
    form_number: int = 0
    form_id: str = ""
    form_name: str = ""
    form_base_url: str = ""
    form_key_stored: bool = False
    form_provider_id: str = ""
    form_provider_name: str = ""
    form_model: MediaModelItem = MediaModelItem("", "", "", "")
    form_description: str = ""
    form_icon: str = ""
    form_problem: str = ""
    form_field: str = ""
    form_testing: bool = False
    form_tested: bool = False
    form_test: ConnectionTest = ConnectionTest("")
    # A slow test has nothing to say any more once the form has been used again.
    _uses: int = 0

    def _clear(self) -> None:
        self.form_number += 1
        self._uses += 1
        self.form_id = self.form_problem = self.form_field = ""
        self.form_key_stored = self.form_testing = self.form_tested = False

    def _refuse(self, error: AppError) -> Any:
        self.form_problem = words_of(error)
        self.form_field = (error.field or "") if isinstance(error, InvalidInput) else ""
        self.form_testing = self.form_tested = False
        return browser.to_the_wrong_field()

    @rx.event
    @admin
    def new_provider(self) -> Any:
        """Open an empty form, with the usual address in it."""
        self._clear()
        self.form_name, self.form_base_url = USUAL_NAME, USUAL_URL
        return show(PROVIDER)

    @rx.event
    @admin
    async def open_provider(self, provider_id: str) -> Any:
        """Open a provider to change it."""
        try:
            async with unit_of_work(writes=False) as session:
                item = await media_views.get_provider(session, current_actor(), provider_id)
        except AppError as error:
            return tell(error)
        self._clear()
        self.form_id, self.form_name, self.form_base_url = item.id, item.name, item.base_url
        self.form_key_stored = item.key_stored
        return show(PROVIDER)

    @rx.event(background=True)
    @admin
    async def test_draft(self, form: str) -> Any:
        """Try what stands in the provider's form, without keeping it."""
        actor = current_actor()
        async with self:
            self._uses += 1
            use, provider_id = self._uses, self.form_id
            self.form_problem = self.form_field = ""
            self.form_testing, self.form_tested = True, False
        problem, found = None, ConnectionTest("")
        try:
            draft = provider_draft(texts_of(form))
            found = await media_connection.try_draft(actor, "openai", draft, provider_id)
        except AppError as error:
            problem = error
        shown = None
        async with self:
            if self._uses != use:
                return
            self.form_testing = False
            if problem is not None:
                shown = self._refuse(problem)
            else:
                self.form_tested, self.form_test = True, found
        yield shown

    @rx.event
    @admin
    async def new_model(self, provider_id: str) -> Any:
        """Open an empty form for a model of this provider."""
        try:
            async with unit_of_work(writes=False) as session:
                item = await media_views.get_provider(session, current_actor(), provider_id)
        except AppError as error:
            return tell(error)
        self._clear()
        self.form_provider_id, self.form_provider_name = item.id, item.name
        self.form_model = MediaModelItem("", item.id, "", "")
        return show(MODEL)

    @rx.event
    @admin
    async def open_model(self, model_id: str) -> Any:
        """Open a model to change it."""
        try:
            async with unit_of_work(writes=False) as session:
                item = await media_views.get_model(session, current_actor(), model_id)
        except AppError as error:
            return tell(error)
        self._clear()
        self.form_id, self.form_model = item.id, item
        return show(MODEL)

    @rx.event
    @admin
    async def open_type(self, type_id: str) -> Any:
        """Open a type to change how it is described and shown."""
        async with unit_of_work(writes=False) as session:
            found = await media_views.list_types(session, current_actor())
        item = next((each for each in found if each.id == type_id), None)
        if item is None:
            return None
        self._clear()
        self.form_id, self.form_name = item.id, item.name
        self.form_description, self.form_icon = item.description, item.icon
        return show(TYPE)
