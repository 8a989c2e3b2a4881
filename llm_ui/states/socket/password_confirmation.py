"""Step-up confirmation: a dialog asks for the password, then the refused action is repeated."""

from __future__ import annotations

import reflex as rx

from llm_ui.errors import AppError
from llm_ui.services.accounts import account
from llm_ui.states import browser
from llm_ui.states.browser import Handler, Reply
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import words_of
from llm_ui.states.socket.handshake import calling_client

CONFIRM = "confirm-password"


class ConfirmState(rx.State):
    """The dialog. The action that waits for it is a handler call in the same user's own tab, and
    passes the guard like any other call."""

    problem: str = ""
    _again: tuple[Handler, tuple[str | bool, ...]] | None = None

    @rx.event
    async def confirm_password(self, password: str) -> Reply:
        """Continue the action if the password is right."""
        try:
            await account.confirm(current_actor(), password, calling_client())
        except AppError as error:
            self.problem = words_of(error)
            return None
        shut = browser.shut(CONFIRM)
        again, self._again, self.problem = self._again, None, ""
        if again is None:
            return shut
        handler, arguments = again
        return [shut, browser.then(handler, *arguments)]


async def ask_password(state: rx.State, handler: Handler, *arguments: str | bool) -> Reply:
    """Ask for the password, and then call the handler again with these arguments.

    Args:
        state: the handler's state.
        handler: the handler that was refused.
    """
    confirm = await state.get_state(ConfirmState)
    confirm.problem, confirm._again = "", (handler, arguments)
    return browser.call("secret", CONFIRM)
