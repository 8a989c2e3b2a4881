"""The admin's page of media: providers of images, their models, what media there are.

A key goes through a handler's argument into the service and stands in no var.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.media import (
    MediaHanging,
    MediaModelDraft,
    MediaProviderDraft,
    MediaProviderItem,
    MediaTypeItem,
)
from llm_ui.schemas.providers import ConnectionTest
from llm_ui.services import media_admin, media_connection, media_models, media_views
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show, shut
from llm_ui.states.feedback import tell
from llm_ui.states.forms import texts_of
from llm_ui.states.media_forms import (
    MODEL,
    PROVIDER,
    TYPE,
    MediaFormMixin,
    params_of,
    provider_draft,
)

CONFIRM = "media-delete-dialog"


class MediaState(MediaFormMixin, rx.State):
    """What is listed, and what is done with one of it."""

    loaded: bool = False
    providers: list[MediaProviderItem] = []
    types: list[MediaTypeItem] = []

    # Which provider is being asked how it is, and what it has said last.
    busy_id: str = ""
    result_id: str = ""
    result: ConnectionTest = ConnectionTest("")

    # What is about to go: a provider, or one of its models.
    doomed_id: str = ""
    doomed_kind: str = "provider"
    doomed_name: str = ""
    doomed: MediaHanging = MediaHanging()
    deleting: bool = False

    @rx.event
    @admin
    async def load_media(self) -> None:
        """on_load of the page."""
        self.busy_id = self.result_id = ""
        await self._load()

    async def _load(self) -> None:
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            self.providers = await media_views.list_providers(session, actor)
            self.types = await media_views.list_types(session, actor)
        self.loaded = True

    # --- providers ------------------------------------------------------------------------

    @rx.event
    @admin
    async def save_provider(self, form: str) -> Any:
        """Keep what stands in the form (its fields as JSON)."""
        actor = current_actor()
        self._uses += 1
        try:
            draft = provider_draft(texts_of(form))
            async with unit_of_work() as session:
                if self.form_id:
                    await media_admin.update_provider(session, actor, self.form_id, draft)
                else:
                    await media_admin.create_provider(session, actor, "openai", draft)
        except AppError as error:
            return self._refuse(error)
        await self._load()
        return shut(PROVIDER)

    @rx.event
    @admin
    async def switch_provider(self, provider_id: str, on: bool) -> Any:
        """Use a provider, or stop using it; images that are being made are finished."""
        try:
            async with unit_of_work() as session:
                draft = MediaProviderDraft(is_active=on)
                await media_admin.update_provider(session, current_actor(), provider_id, draft)
        except AppError as error:
            await self._load()
            return tell(error)
        await self._load()
        return None

    @rx.event(background=True)
    @admin
    async def test_saved(self, provider_id: str) -> Any:
        """Ask a provider how it is. No image is made."""
        actor = current_actor()
        async with self:
            self.busy_id, self.result_id = provider_id, ""
        problem, found = None, ConnectionTest("")
        try:
            found = await media_connection.try_provider(actor, provider_id)
        except AppError as error:
            problem = error
        async with self:
            self.busy_id = ""
            if problem is None:
                self.result_id, self.result = provider_id, found
        if problem is not None:
            yield tell(problem)

    @rx.event
    @admin
    def dismiss_result(self) -> None:
        """Put away what a provider has said."""
        self.result_id = ""

    # --- models ---------------------------------------------------------------------------

    @rx.event
    @admin
    async def save_model(self, form: str) -> Any:
        """Keep what stands in the model's form (its fields as JSON)."""
        actor = current_actor()
        try:
            fields = texts_of(form)
            draft = MediaModelDraft(
                fields.get("name", ""), fields.get("display_name", ""), params_of(fields)
            )
            async with unit_of_work() as session:
                if self.form_id:
                    await media_models.update_model(session, actor, self.form_id, draft)
                else:
                    await media_models.create_model(session, actor, self.form_provider_id, draft)
        except AppError as error:
            return self._refuse(error)
        await self._load()
        return shut(MODEL)

    @rx.event
    @admin
    async def switch_model(self, model_id: str, on: bool) -> Any:
        """Offer a model, or stop offering it."""
        try:
            async with unit_of_work() as session:
                draft = MediaModelDraft(is_active=on)
                await media_models.update_model(session, current_actor(), model_id, draft)
        except AppError as error:
            await self._load()
            return tell(error)
        await self._load()
        return None

    # --- types ----------------------------------------------------------------------------

    @rx.event
    @admin
    async def save_type(self, form: str) -> Any:
        """Keep how a type is described and shown."""
        try:
            fields = texts_of(form)
            async with unit_of_work() as session:
                await media_models.update_type(
                    session, current_actor(), self.form_id, fields.get("description", ""),
                    fields.get("icon", ""),
                )  # fmt: skip
        except AppError as error:
            return self._refuse(error)
        await self._load()
        return shut(TYPE)

    # --- removing -------------------------------------------------------------------------

    @rx.event
    @admin
    async def ask_to_delete(self, kind: str, thing_id: str) -> Any:
        """Ask once before a provider ("provider") or a model goes."""
        actor, is_provider = current_actor(), kind == "provider"
        try:
            async with unit_of_work(writes=False) as session:
                if is_provider:
                    name = (await media_views.get_provider(session, actor, thing_id)).name
                    found = await media_views.hanging(session, actor, thing_id)
                else:
                    model = await media_views.get_model(session, actor, thing_id)
                    name = model.display_name
                    found = await media_views.hanging(session, actor, model.provider_id, thing_id)
        except AppError as error:
            return tell(error)
        self.doomed_kind = "provider" if is_provider else "model"
        self.doomed_id, self.doomed_name, self.doomed = thing_id, name, found
        self.deleting = False
        return show(CONFIRM)

    @rx.event(background=True)
    @admin
    async def delete_doomed(self) -> Any:
        """Remove what was asked about, once its runs have ended."""
        actor = current_actor()
        async with self:
            self.deleting = True
            thing_id, is_provider = self.doomed_id, self.doomed_kind == "provider"
        problem = None
        try:
            if is_provider:
                await media_admin.delete_provider(actor, thing_id)
            else:
                await media_models.delete_model(actor, thing_id)
        except AppError as error:
            problem = error
        async with self:
            self.deleting = False
            await self._load()
        yield shut(CONFIRM)
        if problem is not None:
            yield tell(problem)
