"""The Media admin page: image models, and adding models that no provider lists."""

from __future__ import annotations

from llm_ui.schemas.catalogue.models import Named
from llm_ui.services.catalogue import added_models, model_views
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.forms import open_form, texts_of
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.listing import Listing
from llm_ui.states.socket.access import current_actor

ADD_FORM = "media-add-dialog"
CONFIRM = "media-delete-dialog"


class MediaMixin(Listing, mixin=True):
    """The additions of the Media admin page to the list of models, which is limited to the image
    type there."""

    on_media: bool = False
    # The model type of image models.
    image_type_id: str = ""
    # Providers that can create images.
    media_providers: list[Named] = []
    adding_number: int = 0
    adding_problem: str = ""
    adding_field: str = ""

    # The model about to be deleted, and how many images it is creating.
    doomed_id: str = ""
    doomed_name: str = ""
    doomed_running: int = 0
    deleting: bool = False

    @handler("admin")
    def new_model(self) -> Reply:
        """Open the form for a model that its provider doesn't list."""
        return open_form(self, "adding_", ADD_FORM)

    @handler("admin", form="adding_", closes=ADD_FORM)
    async def add_model(self, form: str) -> None:
        """Add the model in the form (its fields as JSON) as an image model."""
        fields = texts_of(form)
        provider_id, name = fields.get("provider", ""), fields.get("name", "")
        await write(added_models.add_model, provider_id, name, self.image_type_id)
        await self._list(again=True)

    @handler("admin")
    async def ask_to_remove(self, model_id: str) -> Reply:
        """Ask for confirmation before a model is deleted, and say what ends with it."""
        found = await read(model_views.get_model, model_id)
        self.doomed_running = await read(model_views.running, model_id)
        self.doomed_id, self.doomed_name, self.deleting = model_id, found.row.name, False
        return browser.show(CONFIRM)

    @handler("admin", closes=CONFIRM, background=True)
    async def remove_model(self, model_id: str) -> None:
        """Delete a model, after ending its runs."""
        async with self:
            self.deleting = True
        try:
            await added_models.remove_model(current_actor(), model_id)
        finally:
            async with self:
                self.deleting = False
                await self._list(again=True)
