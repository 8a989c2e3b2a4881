"""The signed-in user, for pages. Signing in and out goes over REST."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from llm_ui.auth import touch
from llm_ui.db import unit_of_work
from llm_ui.enums import RegistrationPolicy
from llm_ui.services.accounts import authentication
from llm_ui.states.chats import temporary
from llm_ui.states.socket.access import admin, current_actor, public, visitor
from llm_ui.states.socket.handshake import calling_client


class AuthState(rx.State):
    """The user, as shown on pages. Permissions are decided by the guard, not here."""

    signed_in: bool = False
    user_id: str = ""
    username: str = ""
    email: str = ""
    role: str = ""
    is_admin: bool = False
    registration: RegistrationPolicy = RegistrationPolicy.OPEN
    domains: str = ""
    is_elsewhere: bool = False

    def _show(self) -> None:
        actor = visitor()
        self.signed_in = actor is not None
        self.user_id = actor.user_id if actor else ""
        self.username = actor.username if actor else ""
        self.email = actor.email if actor else ""
        self.role = actor.role if actor else ""
        self.is_admin = bool(actor and actor.is_admin)

    @rx.event
    async def require_user(self) -> None:
        """on_load of pages for signed-in people; the guard redirects everyone else."""
        self._show()
        async with unit_of_work() as session:
            await touch(session, current_actor().session_id)
        await self._moved()

    @rx.event
    @public
    async def require_guest(self) -> EventSpec | None:
        """on_load of the sign-in pages: redirects signed-in users to their chats and, in a new
        installation, visitors to the setup of the first account."""
        self._show()
        async with unit_of_work(writes=False) as session:
            policy = await authentication.registration(session, calling_client())
        self.registration, self.domains = policy.registration, policy.domains
        self.is_elsewhere = policy.needs_token
        if self.signed_in:
            return rx.redirect("/chat")
        path = self.router.url.path if self.router.url else ""
        at_setup = path.rstrip("/") == "/setup"
        if at_setup == policy.is_new:
            return None
        return rx.redirect("/setup" if policy.is_new else "/login", replace=True)

    @rx.event
    @admin
    async def require_admin(self) -> None:
        """on_load of the admin pages; the guard refuses everyone else."""
        self._show()
        await self._moved()

    async def _moved(self) -> None:
        path = self.router.url.path if self.router.url else ""
        await temporary.moved(self.router.session.client_token, path, current_actor())
