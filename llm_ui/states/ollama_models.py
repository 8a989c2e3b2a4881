"""The models on an Ollama's disk, in a dialog of the page of providers."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.providers import PullItem, StoredModel
from llm_ui.services import jobs, ollama_models, provider_views
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show
from llm_ui.states.feedback import tell, words_of

DIALOG = "stored-dialog"
FIELD = "pull-name"


class OllamaState(rx.State):
    """What is on the disk, and what is on its way there. `beat` changes with each look: the
    dialog looks again some time after, while something is under way."""

    provider_id: str = ""
    provider_name: str = ""
    loading: bool = False
    unreachable: str = ""
    stored: list[StoredModel] = []
    pulls: list[PullItem] = []
    is_active: bool = False
    beat: int = 0
    problem: str = ""
    # The model that is asked about before it goes, and the one that is going.
    doomed: str = ""
    deleting: str = ""

    @rx.event(background=True)
    @admin
    async def open_stored(self, provider_id: str) -> Any:
        """Open the dialog of a provider; what is on its disk comes when it has answered."""
        actor = current_actor()
        try:
            async with unit_of_work(writes=False) as session:
                item = await provider_views.get_provider(session, actor, provider_id)
        except AppError as error:
            yield tell(error)
            return
        async with self:
            self.provider_id, self.provider_name = item.id, item.name
            self.problem = self.doomed = self.deleting = self.unreachable = ""
            self.stored, self.loading = [], True
            await self._look()
        yield show(DIALOG)
        await self._list(item.id)

    async def _list(self, provider_id: str) -> None:
        """Ask the server what it has; nothing waits for that."""
        problem = ""
        found: list[StoredModel] = []
        try:
            found = await ollama_models.list_stored(current_actor(), provider_id)
        except AppError as error:
            problem = words_of(error)
        async with self:
            if self.provider_id == provider_id:
                self.stored, self.unreachable, self.loading = found, problem, False

    async def _look(self) -> None:
        async with unit_of_work(writes=False) as session:
            found = await ollama_models.list_pulls(session, current_actor(), self.provider_id)
        if found != self.pulls:
            self.pulls = found
        self.is_active = any(each.status in ("queued", "running") for each in found)
        self.beat += 1

    @rx.event(background=True)
    @admin
    async def look_again(self) -> None:
        """How far the downloads are by now; once one is there, what is on the disk."""
        async with self:
            provider_id = self.provider_id
            if not provider_id:
                return
            before = {each.job_id for each in self.pulls if each.status in ("queued", "running")}
            try:
                await self._look()
            except AppError:
                # The provider has been removed meanwhile.
                self.is_active = False
                return
            done = any(each.status == "done" and each.job_id in before for each in self.pulls)
        if done:
            await self._list(provider_id)

    @rx.event
    @admin
    async def pull_model(self, name: str) -> Any:
        """Download the model that was typed."""
        try:
            async with unit_of_work() as session:
                await ollama_models.pull(session, current_actor(), self.provider_id, name)
        except AppError as error:
            self.problem = words_of(error)
            return None
        self.problem = ""
        await self._look()
        return browser.call("empty", FIELD)

    @rx.event
    @admin
    async def cancel_pull(self, job_id: str) -> Any:
        """End a download; what has come stays on the disk."""
        return await self._change(jobs.cancel, job_id)

    @rx.event
    @admin
    async def retry_pull(self, job_id: str) -> Any:
        """Go on with a download that has ended before its end."""
        return await self._change(jobs.retry, job_id)

    async def _change(self, verb: Any, job_id: str) -> Any:
        try:
            async with unit_of_work() as session:
                await verb(session, current_actor(), job_id)
        except AppError as error:
            await self._look()
            return tell(error)
        await self._look()
        return None

    @rx.event
    @admin
    def ask_to_delete(self, name: str) -> None:
        """Ask once before a model goes from the disk; "" takes the question back."""
        self.doomed = name

    @rx.event(background=True)
    @admin
    async def delete_model(self, name: str) -> Any:
        """Remove a model from the disk."""
        actor = current_actor()
        async with self:
            provider_id = self.provider_id
            self.deleting, self.doomed = name, ""
        problem = None
        try:
            await ollama_models.delete(actor, provider_id, name)
        except AppError as error:
            problem = error
        await self._list(provider_id)
        async with self:
            self.deleting = ""
        if problem is not None:
            yield tell(problem)
