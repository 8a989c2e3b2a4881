"""The password once more: asked in a dialog where a verb wants it, and then the verb goes on."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.errors import AppError
from llm_ui.services import profile
from llm_ui.states import browser
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import words_of
from llm_ui.states.handshake import calling_client

CONFIRM = "confirm-password"


class ConfirmState(rx.State):
    """The dialog. What waits behind it is a handler of the same person's own tab, and goes
    through the guard like any other call."""

    problem: str = ""
    _again: tuple[Any, ...] = ()

    @rx.event
    async def confirm_password(self, password: str) -> Any:
        """Go on with what was asked, if this is the password."""
        try:
            await profile.confirm(current_actor(), password, calling_client())
        except AppError as error:
            self.problem = words_of(error)
            return None
        shut = browser.shut(CONFIRM)
        again, self._again, self.problem = self._again, (), ""
        if not again:
            return shut
        handler, *arguments = again
        return [shut, handler(*arguments)]


async def ask_password(state: rx.State, handler: Any, *arguments: Any) -> Any:
    """Ask for the password, and call the handler again with these arguments once it is right.

    Args:
        state: that of the handler which was refused.
        handler: as it stands at its class, `PeopleState.create`.
    """
    confirm = await state.get_state(ConfirmState)
    confirm.problem, confirm._again = "", (handler, *arguments)
    return browser.call("secret", CONFIRM)
