"""The account page: profile, preferences, where one is signed in, leaving."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.schemas.account import AccountChange, AccountView, BrowserItem
from llm_ui.schemas.prompts import PromptItem
from llm_ui.schemas.views import ModelItem
from llm_ui.services import models, profile, prompts, sessions
from llm_ui.states import browser
from llm_ui.states.access import current_actor
from llm_ui.states.auth import AuthState
from llm_ui.states.feedback import tell, words_of
from llm_ui.states.handshake import calling_client

LEAVE = "delete-account-dialog"


class AccountState(rx.State):
    """What the account page shows. `problem` stands in the form that `problem_in` names."""

    loaded: bool = False
    account: AccountView = AccountView()
    models: list[ModelItem] = []
    prompts: list[PromptItem] = []
    browsers: list[BrowserItem] = []
    problem: str = ""
    problem_in: str = ""
    # A form that was taken is drawn afresh, empty or with what is kept now.
    forms: int = 0

    @rx.event
    async def load_account(self) -> None:
        """on_load of the page."""
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            self.account = await profile.get_own(session, actor)
            self.models = await models.list_models(session, actor)
            self.prompts = await prompts.list_for(session, actor)
            self.browsers = await sessions.list_own(session, actor)
        self.problem = self.problem_in = ""
        self.forms += 1
        self.loaded = True

    def _refuse(self, form: str, error: AppError) -> None:
        self.problem, self.problem_in = words_of(error), form

    def _news(self, key: str, **params: object) -> Any:
        self.problem = self.problem_in = ""
        return browser.say("success", translate(key, current_actor().language, **params), key)

    async def _change(self, wanted: AccountChange) -> Any:
        try:
            self.account = await profile.change(current_actor(), wanted, calling_client())
        except AppError as error:
            return tell(error)
        return None

    @rx.event
    async def save_profile(self, username: str, email: str, current: str = "") -> Any:
        """Take another name or e-mail; the latter needs the password."""
        wanted = AccountChange(username=username, email=email)
        try:
            self.account = await profile.change(current_actor(), wanted, calling_client(), current)
        except AppError as error:
            self._refuse("profile", error)
            return None
        self.forms += 1
        shown = await self.get_state(AuthState)
        shown.username, shown.email = self.account.username, self.account.email
        return self._news("account.saved")

    @rx.event
    async def change_password(self, current: str, fresh: str) -> Any:
        """Take another password; every other browser is signed out."""
        actor = current_actor()
        try:
            ended = await profile.change_password(actor, current, fresh, calling_client())
        except AppError as error:
            self._refuse("password", error)
            return None
        async with unit_of_work(writes=False) as session:
            self.browsers = await sessions.list_own(session, actor)
        self.forms += 1
        return self._news(
            "account.password_changed" if ended else "account.password_alone", count=ended
        )

    @rx.event
    async def keep_theme(self, theme: str) -> Any:
        """Remember the colours for the next browser; this one has them already."""
        return await self._change(AccountChange(theme=theme))

    @rx.event
    async def choose_language(self, tag: str) -> Any:
        """Speak another language, here and in the next browser."""
        if tag not in LANGUAGES:
            return None
        refused = await self._change(AccountChange(language=tag))
        return refused or browser.call("language", tag)

    @rx.event
    async def choose_model(self, model_id: str) -> Any:
        """Begin new chats with this model; "" leaves it to the administrator."""
        return await self._change(AccountChange(default_model_id=model_id))

    @rx.event
    async def choose_prompt(self, prompt_id: str) -> Any:
        """Begin chats with this prompt, or with a copy if it is somebody else's; "" with none."""
        refused = await self._change(AccountChange(default_prompt_id=prompt_id))
        async with unit_of_work(writes=False) as session:
            self.prompts = await prompts.list_for(session, current_actor())
        return refused

    @rx.event
    async def set_auto_titles(self, on: bool) -> Any:
        """Whether chats are named after their first question."""
        return await self._change(AccountChange(auto_titles=on))

    @rx.event
    async def end_browser(self, browser_id: str) -> Any:
        """Sign one browser out."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                await sessions.end_one(session, actor, browser_id)
        except AppError as error:
            return tell(error)
        self.browsers = [each for each in self.browsers if each.id != browser_id]
        return None

    @rx.event
    async def end_other_browsers(self) -> Any:
        """Sign out everywhere but here."""
        async with unit_of_work() as session:
            ended = await sessions.end_others(session, current_actor())
        self.browsers = [each for each in self.browsers if each.is_current]
        return self._news("account.others_ended", count=ended)

    @rx.event
    async def delete_account(self, current: str, word: str) -> Any:
        """Leave for good; the tab's socket ends with the account."""
        try:
            await profile.delete_own(current_actor(), current, word, calling_client())
        except AppError as error:
            self._refuse("delete", error)
            return None
        return rx.redirect("/login")
