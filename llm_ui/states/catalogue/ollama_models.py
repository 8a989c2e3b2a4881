"""The models installed in an Ollama, in a dialog of the page of providers."""

from __future__ import annotations

import reflex as rx

from llm_ui.enums import JobStatus
from llm_ui.errors import AppError
from llm_ui.schemas.catalogue.providers import InstalledModel, PullItem
from llm_ui.services.catalogue import ollama_models, provider_views
from llm_ui.services.operations import jobs
from llm_ui.states import browser
from llm_ui.states.browser import Replies, Reply
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import words_of

DIALOG = "stored-dialog"
FIELD = "pull-name"


class OllamaState(rx.State):
    """Installed models and downloads. `beat` changes on each refresh, which makes the dialog
    refresh again a moment later while a model is being downloaded."""

    provider_id: str = ""
    provider_name: str = ""
    loading: bool = False
    unreachable: str = ""
    stored: list[InstalledModel] = []
    pulls: list[PullItem] = []
    is_active: bool = False
    beat: int = 0
    problem: str = ""
    # The model awaiting confirmation of its deletion, and the one being deleted.
    doomed: str = ""
    deleting: str = ""

    @handler("admin", background=True)
    async def open_installed_models(self, provider_id: str) -> Replies:
        """Open the dialog of a provider; the installed models are shown once it has answered."""
        item = await read(provider_views.get_provider, provider_id)
        async with self:
            self.provider_id, self.provider_name = item.id, item.name
            self.problem = self.doomed = self.deleting = self.unreachable = ""
            self.stored, self.loading = [], True
            await self._look()
        yield browser.show(DIALOG)
        await self._list(item.id)

    async def _list(self, provider_id: str) -> None:
        """Ask the server for its models, without blocking anything else."""
        problem = ""
        found: list[InstalledModel] = []
        try:
            found = await ollama_models.list_installed(current_actor(), provider_id)
        except AppError as error:
            problem = words_of(error)
        async with self:
            if self.provider_id == provider_id:
                self.stored, self.unreachable, self.loading = found, problem, False

    async def _look(self) -> None:
        found = await read(ollama_models.list_pulls, self.provider_id)
        if found != self.pulls:
            self.pulls = found
        self.is_active = any(each.status.is_active for each in found)
        self.beat += 1

    @handler("admin", background=True)
    async def look_again(self) -> None:
        """Refresh the downloads and, after one has finished, the installed models."""
        async with self:
            provider_id = self.provider_id
            if not provider_id:
                return
            before = {each.job_id for each in self.pulls if each.status.is_active}
            try:
                await self._look()
            except AppError:
                # The provider has been deleted in the meantime.
                self.is_active = False
                return
            done = any(
                each.status == JobStatus.DONE and each.job_id in before for each in self.pulls
            )
        if done:
            await self._list(provider_id)

    @handler("admin", form="")
    async def pull_model(self, name: str) -> Reply:
        """Download the model that was entered."""
        await write(ollama_models.pull, self.provider_id, name)
        await self._look()
        return browser.call("empty", FIELD)

    @handler("admin")
    async def cancel_pull(self, job_id: str) -> None:
        """Cancel a download; what has been downloaded stays on the disk."""
        try:
            await write(jobs.cancel, job_id)
        finally:
            await self._look()

    @handler("admin")
    async def retry_pull(self, job_id: str) -> None:
        """Resume a download that ended early."""
        try:
            await write(jobs.retry, job_id)
        finally:
            await self._look()

    @handler("admin")
    def ask_to_delete(self, name: str) -> None:
        """Ask for confirmation before a model is deleted from the disk; "" cancels."""
        self.doomed = name

    @handler("admin", background=True)
    async def delete_model(self, name: str) -> None:
        """Delete a model from the disk."""
        async with self:
            provider_id = self.provider_id
            self.deleting, self.doomed = name, ""
        try:
            await ollama_models.delete(current_actor(), provider_id, name)
        finally:
            await self._list(provider_id)
            async with self:
                self.deleting = ""
