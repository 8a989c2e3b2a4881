"""The page of the prompt library."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.i18n import translate
from llm_ui.schemas.prompts import PromptDraft, PromptItem
from llm_ui.services import prompts
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import say, show, shut
from llm_ui.states.feedback import tell, words_of

FORM = "prompt-dialog"
CONFIRM = "prompt-delete-dialog"


class PromptsState(rx.State):
    """The prompts that are listed, and the one in the form."""

    loaded: bool = False
    prompts: list[PromptItem] = []
    tags: list[str] = []
    has_more: bool = False
    query: str = ""
    tag: str = ""

    # Each opening of the form is a new one, with fields of its own.
    form_number: int = 0
    form_id: str = ""
    form_name: str = ""
    form_text: str = ""
    form_tags: str = ""
    form_public: bool = False
    form_own: bool = True
    form_problem: str = ""

    doomed_id: str = ""
    doomed_name: str = ""

    _next: str = ""

    @rx.event
    async def load_prompts(self) -> None:
        """on_load of the page: everything, unfiltered."""
        self.query = self.tag = ""
        await self._load()

    async def _load(self) -> None:
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            page = await prompts.list_prompts(session, actor, query=self.query, tag=self.tag)
            self.tags = await prompts.tags_for(session, actor)
        self.prompts = page.items
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)
        self.loaded = True

    @rx.event
    async def search(self, query: str) -> None:
        """List the prompts that hold these words."""
        self.query = query[: prompts.QUERY_LIMIT]
        await self._load()

    @rx.event
    async def show_tag(self, tag: str) -> None:
        """List the prompts with this tag; the same tag again shows all."""
        self.tag = "" if tag == self.tag else tag[: prompts.TAG_LIMIT]
        await self._load()

    @rx.event
    async def load_more(self) -> None:
        """Add the next page to the list."""
        if not self._next:
            return
        async with unit_of_work(writes=False) as session:
            page = await prompts.list_prompts(
                session, current_actor(), query=self.query, tag=self.tag, cursor=self._next
            )
        known = {each.id for each in self.prompts}
        self.prompts = [*self.prompts, *(each for each in page.items if each.id not in known)]
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)

    @rx.event
    def new_prompt(self) -> Any:
        """Open an empty form."""
        self.form_number += 1
        self.form_id = self.form_name = self.form_text = self.form_tags = self.form_problem = ""
        self.form_public, self.form_own = False, True
        return show(FORM)

    @rx.event
    async def open_prompt(self, prompt_id: str) -> Any:
        """Open a prompt: to change it if it is one's own, else to read it."""
        try:
            async with unit_of_work(writes=False) as session:
                found = await prompts.get_prompt(session, current_actor(), prompt_id)
        except AppError as error:
            return tell(error)
        self.form_number += 1
        self.form_id, self.form_name = found.item.id, found.item.name
        self.form_text, self.form_tags = found.text, ", ".join(found.item.tags)
        self.form_public, self.form_own = found.item.is_public, found.item.is_own
        self.form_problem = ""
        return show(FORM)

    @rx.event
    async def save_prompt(self, name: str, text: str, tags: str, public: bool = False) -> Any:
        """Keep what stands in the form; `tags` are separated by commas."""
        draft = PromptDraft(name, text, tuple(tags.split(",")), public)
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                if self.form_id:
                    await prompts.update_prompt(session, actor, self.form_id, draft)
                else:
                    await prompts.create_prompt(session, actor, draft)
        except AppError as error:
            self.form_problem = words_of(error)
            return None
        await self._load()
        return shut(FORM)

    @rx.event
    async def copy_prompt(self, prompt_id: str) -> Any:
        """Make a copy of one's own."""
        try:
            async with unit_of_work() as session:
                await prompts.copy_prompt(session, current_actor(), prompt_id)
        except AppError as error:
            return tell(error)
        await self._load()
        return shut(FORM)

    @rx.event
    @admin
    async def unshare_prompt(self, prompt_id: str) -> Any:
        """Take somebody's public prompt back: it is theirs alone again."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                await prompts.unshare(session, actor, prompt_id)
        except AppError as error:
            return tell(error)
        await self._load()
        told = say("success", translate("prompts.unshared", actor.language), "unshared")
        return [told, shut(FORM)]

    @rx.event
    async def ask_to_delete(self, prompt_id: str) -> Any:
        """Ask once before a prompt goes for good."""
        try:
            async with unit_of_work(writes=False) as session:
                found = await prompts.get_prompt(session, current_actor(), prompt_id)
        except AppError as error:
            return tell(error)
        self.doomed_id, self.doomed_name = found.item.id, found.item.name
        return show(CONFIRM)

    @rx.event
    async def delete_prompt(self, prompt_id: str) -> Any:
        """Delete a prompt of one's own."""
        self.doomed_id = self.doomed_name = ""
        try:
            async with unit_of_work() as session:
                await prompts.delete_prompt(session, current_actor(), prompt_id)
        except AppError as error:
            return [tell(error), shut(CONFIRM)]
        await self._load()
        return shut(CONFIRM)
