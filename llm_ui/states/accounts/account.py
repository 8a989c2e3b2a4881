"""The account page: profile, preferences, sessions, and deleting the account."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.i18n import LANGUAGES
from llm_ui.schemas.accounts.account import AccountChange, AccountView, BrowserItem
from llm_ui.schemas.chats.views import ModelItem
from llm_ui.schemas.prompts.prompts import PromptItem
from llm_ui.services.accounts import account, sessions
from llm_ui.services.catalogue import models
from llm_ui.services.prompts import prompts
from llm_ui.states import browser
from llm_ui.states.auth_state import AuthState
from llm_ui.states.browser import Reply
from llm_ui.states.handlers import handler, news, read, write
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.handshake import calling_client

LEAVE = "delete-account-dialog"


class AccountState(rx.State):
    """What the account page shows."""

    loaded: bool = False
    account: AccountView = AccountView()
    models: list[ModelItem] = []
    prompts: list[PromptItem] = []
    browsers: list[BrowserItem] = []
    profile_problem: str = ""
    sign_in_problem: str = ""
    leave_problem: str = ""
    # Incremented after a form is accepted, to render it again, empty or with the saved values.
    forms: int = 0

    @handler()
    async def load_account(self) -> None:
        """on_load of the page."""
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            self.account = await account.get_own(session, actor)
            self.models = await models.list_models(session, actor)
            self.prompts = await prompts.list_for(session, actor)
            self.browsers = await sessions.list_own(session, actor)
        self.profile_problem = self.sign_in_problem = self.leave_problem = ""
        self.forms += 1
        self.loaded = True

    async def _change(self, wanted: AccountChange) -> None:
        self.account = await account.change(current_actor(), wanted, calling_client())

    @handler(form="profile_")
    async def save_profile(self, username: str, email: str, current: str = "") -> Reply:
        """Change the name or email address; the latter requires the password."""
        wanted = AccountChange(username=username, email=email)
        self.account = await account.change(current_actor(), wanted, calling_client(), current)
        self.forms += 1
        shown = await self.get_state(AuthState)
        shown.username, shown.email = self.account.username, self.account.email
        return news("account.saved")

    @handler(form="sign_in_")
    async def change_password(self, current: str, fresh: str) -> Reply:
        """Change the password. Every other browser is signed out."""
        ended = await account.change_password(current_actor(), current, fresh, calling_client())
        self.browsers = await read(sessions.list_own)
        self.forms += 1
        return news("account.password_changed" if ended else "account.password_alone", count=ended)

    @handler()
    async def keep_theme(self, theme: str) -> None:
        """Save the theme for other browsers; this one has applied it already."""
        await self._change(AccountChange(theme=theme))

    @handler()
    async def choose_language(self, tag: str) -> Reply:
        """Change the language, in this browser and others."""
        if tag not in LANGUAGES:
            return None
        await self._change(AccountChange(language=tag))
        return browser.call("language", tag)

    @handler()
    async def choose_model(self, model_id: str) -> None:
        """Use this model for new chats; "" leaves the choice to the administrator."""
        await self._change(AccountChange(default_model_id=model_id))

    @handler()
    async def choose_prompt(self, prompt_id: str) -> None:
        """Use this prompt for new chats, or a copy of it if it is another user's; "" for none."""
        try:
            await self._change(AccountChange(default_prompt_id=prompt_id))
        finally:
            self.prompts = await read(prompts.list_for)

    @handler()
    async def set_auto_titles(self, on: bool) -> None:
        """Set whether chats are titled after their first question."""
        await self._change(AccountChange(auto_titles=on))

    @handler()
    async def end_browser(self, browser_id: str) -> None:
        """Sign out one browser."""
        await write(sessions.end_one, browser_id)
        self.browsers = [each for each in self.browsers if each.id != browser_id]

    @handler()
    async def end_other_browsers(self) -> Reply:
        """Sign out all other browsers."""
        ended = await write(sessions.end_others)
        self.browsers = [each for each in self.browsers if each.is_current]
        return news("account.others_ended", count=ended)

    @handler(form="leave_")
    async def delete_account(self, current: str, word: str) -> Reply:
        """Delete the account; the tab's socket is closed with it."""
        await account.delete_own(current_actor(), current, word, calling_client())
        return rx.redirect("/login")
