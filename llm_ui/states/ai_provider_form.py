"""The form of a provider: chosen, filled in, tried.

A key goes through a handler's argument into the service and stands in no var.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.providers import ConnectionTest, PresetItem
from llm_ui.services import provider_checks, provider_connection, provider_views
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show
from llm_ui.states.feedback import tell, words_of
from llm_ui.states.forms import texts_of

FORM = "provider-dialog"
# A service that is none of the presets.
OTHER = PresetItem("", "", "openai", "", needs_key=False, is_local=False)


class ProviderFormMixin(rx.State, mixin=True):
    """What stands in the form when it opens, and what came of trying it."""

    presets: list[PresetItem] = []
    # The installation's time-outs, for whoever leaves a provider's own ones empty.
    usual: dict[str, str] = {}

    # Each opening of the form is a new one, with fields of its own.
    form_number: int = 0
    form_choosing: bool = False
    form_id: str = ""
    form_type: str = "openai"
    form_name: str = ""
    form_base_url: str = ""
    form_needs_key: bool = False
    form_key_stored: bool = False
    form_headers: str = ""
    form_limit: str = ""
    form_timeouts: dict[str, str] = {}
    # Whether the rarer fields are shown from the beginning.
    form_more: bool = False
    # The environment's variables that say where this one is, if they do.
    form_variables: str = ""
    form_origin: str = "admin"
    form_problem: str = ""
    form_field: str = ""
    form_testing: bool = False
    form_tested: bool = False
    form_test: ConnectionTest = ConnectionTest("")
    # Counts what the form has been used for: a slow test has nothing to say any more once
    # it has been used again.
    _uses: int = 0

    @rx.event
    @admin
    def new_provider(self) -> Any:
        """Let the person choose what to add."""
        self._clear()
        self.form_choosing = True
        return show(FORM)

    @rx.event
    @admin
    def choose_preset(self, key: str) -> None:
        """Begin with a well-known service, or with one that nobody knows ("")."""
        self._clear()
        chosen = next((each for each in self.presets if each.key == key), OTHER)
        self.form_type, self.form_name = chosen.type, chosen.name
        self.form_base_url, self.form_needs_key = chosen.base_url, chosen.needs_key

    @rx.event
    @admin
    def choose_again(self) -> None:
        """Back to what there is to choose from."""
        self._clear()
        self.form_choosing = True

    @rx.event
    @admin
    async def open_provider(self, provider_id: str) -> Any:
        """Open a provider to change it."""
        try:
            async with unit_of_work(writes=False) as session:
                item = await provider_views.get_provider(session, current_actor(), provider_id)
        except AppError as error:
            return tell(error)
        self._clear()
        self.form_id, self.form_type, self.form_name = item.id, item.type, item.name
        self.form_base_url, self.form_key_stored = item.base_url, item.key_stored
        self.form_headers = provider_checks.headers_as_text(item.headers)
        self.form_limit = str(item.limit) if item.limit else ""
        self.form_timeouts = {name: f"{each:g}" for name, each in item.timeouts.items()}
        self.form_more = bool(item.headers or item.limit or item.timeouts)
        self.form_variables, self.form_origin = " · ".join(item.variables), item.origin
        return show(FORM)

    def _clear(self) -> None:
        self.form_number += 1
        self._uses += 1
        self.form_choosing = self.form_needs_key = self.form_key_stored = self.form_more = False
        self.form_id = self.form_headers = self.form_limit = self.form_variables = ""
        self.form_problem = self.form_field = ""
        self.form_timeouts = {}
        self.form_testing = self.form_tested = False

    def _refuse(self, error: AppError) -> Any:
        self.form_problem = words_of(error)
        self.form_field = (error.field or "") if isinstance(error, InvalidInput) else ""
        self.form_testing = self.form_tested = False
        return browser.to_the_wrong_field()

    @rx.event(background=True)
    @admin
    async def test_provider(self, form: str) -> Any:
        """Try what stands in the form (its fields as JSON), without keeping it."""
        actor = current_actor()
        async with self:
            self._uses += 1
            use, provider_id, kind = self._uses, self.form_id, self.form_type
            self.form_problem = self.form_field = ""
            self.form_testing, self.form_tested = True, False
            is_own = not self.form_variables
        problem, found = None, ConnectionTest("")
        try:
            draft = provider_checks.draft_from_form(texts_of(form), with_address=is_own)
            found = await provider_connection.try_draft(actor, kind, draft, provider_id)
        except AppError as error:
            problem = error
        async with self:
            if self._uses != use:
                return
            self.form_testing = False
            if problem is not None:
                shown = self._refuse(problem)
            else:
                self.form_tested, self.form_test = True, found
                shown = browser.call("into-view", "provider-tested")
        yield shown
