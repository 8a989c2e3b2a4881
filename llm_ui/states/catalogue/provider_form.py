"""The form of a provider: choosing a preset, filling it in, testing it.

A key is passed from the handler's argument to the service and never stored in a var.
"""

from __future__ import annotations

from llm_ui.enums import ProviderOrigin
from llm_ui.errors import AppError
from llm_ui.schemas.catalogue.providers import ConnectionTest, PresetItem
from llm_ui.services.catalogue import provider_checks, provider_connection, provider_views
from llm_ui.states import browser
from llm_ui.states.browser import Replies, Reply
from llm_ui.states.forms import accept, refuse, texts_of
from llm_ui.states.handlers import handler, read
from llm_ui.states.listing import Listing
from llm_ui.states.socket.access import current_actor

FORM = "provider-dialog"
# A service without a preset.
OTHER = PresetItem("", "", "openai", "", needs_key=False, is_local=False)


class ProviderFormMixin(Listing, mixin=True):
    """The form's initial values, and the result of its test."""

    presets: list[PresetItem] = []
    # The installation's default timeouts, shown where the provider has none of its own.
    usual: dict[str, str] = {}

    # Incremented each time the form is opened, so that its fields are created from scratch.
    form_number: int = 0
    form_choosing: bool = False
    form_id: str = ""
    form_type: str = "openai"
    form_name: str = ""
    form_api_url: str = ""
    form_needs_key: bool = False
    form_key_stored: bool = False
    form_headers: str = ""
    form_limit: str = ""
    form_timeouts: dict[str, str] = {}
    form_offers: bool = True
    # Whether the less common fields are shown from the start.
    form_more: bool = False
    # The environment variables that configure this provider, if any.
    form_variables: str = ""
    form_origin: ProviderOrigin = ProviderOrigin.ADMIN
    form_problem: str = ""
    form_field: str = ""
    form_testing: bool = False
    form_tested: bool = False
    form_test: ConnectionTest = ConnectionTest("")
    # Incremented each time the form is used, so that the result of a slow test can be dropped if
    # the form has been used again since.
    _uses: int = 0

    @handler("admin")
    def new_provider(self) -> Reply:
        """Show the choice of providers to add."""
        self._clear()
        self.form_choosing = True
        return browser.show(FORM)

    @handler("admin")
    def choose_preset(self, key: str) -> None:
        """Start from a preset, or from an empty form ("")."""
        self._clear()
        chosen = next((each for each in self.presets if each.key == key), OTHER)
        self.form_type, self.form_name = chosen.type, chosen.name
        self.form_api_url, self.form_needs_key = chosen.api_url, chosen.needs_key

    @handler("admin")
    def choose_again(self) -> None:
        """Go back to the choice."""
        self._clear()
        self.form_choosing = True

    @handler("admin")
    async def open_provider(self, provider_id: str) -> Reply:
        """Open a provider for editing."""
        item = await read(provider_views.get_provider, provider_id)
        self._clear()
        self.form_id, self.form_type, self.form_name = item.id, item.type, item.name
        self.form_api_url, self.form_key_stored = item.api_url, item.key_stored
        self.form_headers = provider_checks.headers_as_text(item.headers)
        self.form_limit = str(item.limit) if item.limit else ""
        self.form_timeouts = {name: f"{each:g}" for name, each in item.timeouts.items()}
        self.form_offers = item.offers_new_models
        is_usual = item.offers_new_models and not (item.headers or item.limit or item.timeouts)
        self.form_more = not is_usual
        self.form_variables, self.form_origin = " · ".join(item.variables), item.origin
        return browser.show(FORM)

    def _clear(self) -> None:
        self.form_number += 1
        self._uses += 1
        self.form_choosing = self.form_needs_key = self.form_key_stored = self.form_more = False
        self.form_id = self.form_headers = self.form_limit = self.form_variables = ""
        accept(self, "form_")
        self.form_timeouts, self.form_offers = {}, True
        self.form_testing = self.form_tested = False

    @handler("admin", background=True)
    async def test_provider(self, form: str) -> Replies:
        """Test the form (its fields as JSON) without saving it."""
        actor = current_actor()
        async with self:
            self._uses += 1
            use, provider_id, kind = self._uses, self.form_id, self.form_type
            accept(self, "form_")
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
            self.form_testing = self.form_tested = False
            if problem is not None:
                shown = refuse(self, "form_", problem)
            else:
                self.form_tested, self.form_test = True, found
                shown = browser.call("into-view", "provider-tested")
        yield shown
