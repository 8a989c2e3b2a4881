"""The Prompts page (prompt library)."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.prompts.prompts import PromptDraft, PromptItem
from llm_ui.services.prompts import prompts
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.forms import open_form
from llm_ui.states.handlers import handler, news, read, write
from llm_ui.states.socket.access import current_actor

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

    # Incremented each time the form is opened, so that its fields are created from scratch.
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

    @handler()
    async def load_prompts(self) -> None:
        """on_load of the page: all prompts, without filters."""
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

    @handler()
    async def search(self, query: str) -> None:
        """List the prompts that contain these words."""
        self.query = query[: prompts.QUERY_LIMIT]
        await self._load()

    @handler()
    async def show_tag(self, tag: str) -> None:
        """List the prompts with this tag; selecting the same tag again shows all."""
        self.tag = "" if tag == self.tag else tag[: prompts.TAG_LIMIT]
        await self._load()

    @handler()
    async def load_more(self) -> None:
        """Load the next page of the list."""
        if not self._next:
            return
        page = await read(prompts.list_prompts, query=self.query, tag=self.tag, cursor=self._next)
        known = {each.id for each in self.prompts}
        self.prompts = [*self.prompts, *(each for each in page.items if each.id not in known)]
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)

    @handler()
    def new_prompt(self) -> Reply:
        """Open an empty form."""
        self.form_id = self.form_name = self.form_text = self.form_tags = ""
        self.form_public, self.form_own = False, True
        return open_form(self, "form_", FORM)

    @handler()
    async def open_prompt(self, prompt_id: str) -> Reply:
        """Open a prompt: for editing if it is one's own, otherwise read-only."""
        found = await read(prompts.get_prompt, prompt_id)
        self.form_id, self.form_name = found.item.id, found.item.name
        self.form_text, self.form_tags = found.text, ", ".join(found.item.tags)
        self.form_public, self.form_own = found.item.is_public, found.item.is_own
        return open_form(self, "form_", FORM)

    @handler(form="form_", closes=FORM)
    async def save_prompt(self, name: str, text: str, tags: str, public: bool = False) -> None:
        """Save the form; `tags` are separated by commas."""
        draft = PromptDraft(name, text, tuple(tags.split(",")), public)
        if self.form_id:
            await write(prompts.update_prompt, self.form_id, draft)
        else:
            await write(prompts.create_prompt, draft)
        await self._load()

    @handler(closes=FORM)
    async def copy_prompt(self, prompt_id: str) -> None:
        """Copy a prompt into one's own library."""
        await write(prompts.copy_prompt, prompt_id)
        await self._load()

    @handler("admin", closes=FORM)
    async def unshare_prompt(self, prompt_id: str) -> Reply:
        """Make another user's public prompt private."""
        await write(prompts.unshare, prompt_id)
        await self._load()
        return news("prompts.unshared")

    @handler()
    async def ask_to_delete(self, prompt_id: str) -> Reply:
        """Ask for confirmation before a prompt is deleted permanently."""
        found = await read(prompts.get_prompt, prompt_id)
        self.doomed_id, self.doomed_name = found.item.id, found.item.name
        return browser.show(CONFIRM)

    @handler(closes=CONFIRM)
    async def delete_prompt(self, prompt_id: str) -> None:
        """Delete one of one's own prompts."""
        self.doomed_id = self.doomed_name = ""
        await write(prompts.delete_prompt, prompt_id)
        await self._load()
