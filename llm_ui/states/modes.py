"""How the next question is asked: the switches beside the composer."""

from __future__ import annotations

import reflex as rx

from llm_ui.schemas.views import MessageView
from llm_ui.services import browsing
from llm_ui.services.modes import MODES
from llm_ui.states.access import current_actor


class ModesMixin(rx.State, mixin=True):
    """Which modes are on, for the next question of this chat."""

    modes: list[str] = []
    can_search: bool = False

    def _load_modes(self, shown: list[MessageView]) -> None:
        """As the chat's last question was asked."""
        asked = next((each.modes for each in reversed(shown) if each.role == "user"), [])
        self.modes = [mode for mode in asked if mode in MODES]
        self.can_search = browsing.can_search()

    @rx.event
    async def toggle_mode(self, mode: str) -> None:
        """Switch a mode on or off for the questions to come."""
        current_actor()
        if mode in self.modes:
            self.modes = [each for each in self.modes if each != mode]
        elif mode in MODES:
            self.modes = [*self.modes, mode]
