"""The Users admin page: list, invite, change and delete users, and set the registration policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypedDict, Unpack

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.enums import PersonStatus, RegistrationPolicy, UserRole
from llm_ui.errors import InvalidInput
from llm_ui.schemas.accounts.users import HandedLink, InvitationItem, PersonFilters, PersonItem
from llm_ui.services.accounts import invitations, users
from llm_ui.services.operations import instance_settings
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.handlers import handler, news, read, write
from llm_ui.states.listing import Filtering, Slice
from llm_ui.states.socket.access import current_actor

ACTIVE = {"week": 7, "month": 30, "away": -30}
VIEWS = ("people", "invitations", "registration")
HEIRS = 8
INVITE, CREATE, LINK, ASK, DELETE = (
    "person-invite",
    "person-create",
    "person-link",
    "person-ask",
    "person-delete",
)


class PersonChange(TypedDict, total=False):
    """A change to another user's account."""

    role: UserRole
    is_active: bool


# Changes that need a confirmation, with the change to make and the message when it is done.
ASKED: dict[str, tuple[str, PersonChange]] = {
    "promote": ("users.promoted", {"role": UserRole.ADMIN}),
    "demote": ("users.demoted", {"role": UserRole.USER}),
    "disable": ("users.disabled", {"is_active": False}),
}


class PeopleState(Filtering, rx.State):
    """The data that the page shows. A new link is sent to the page once, in an event: it is a
    secret, and never stored in a var."""

    view: str = "people"
    role: str = ""
    state: str = ""
    active: str = ""
    sort: str = "name"
    items: list[PersonItem] = []
    total: int = 0
    invitations: list[InvitationItem] = []
    registration: RegistrationPolicy = RegistrationPolicy.OPEN
    domains: str = ""
    domains_problem: str = ""
    problem: str = ""
    chosen: PersonItem = PersonItem()
    asked: str = ""
    # What the displayed link is for: invite, invite_for, reset or welcome.
    handed: str = ""
    handed_to: str = ""
    handed_until: str = ""
    heirs: list[PersonItem] = []

    @rx.var
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.query or self.role or self.state or self.active)

    def _choices(self) -> Mapping[str, Collection[str]]:
        return {
            "role": ("", *UserRole),
            "state": ("", *users.STATES),
            "active": ("", *ACTIVE),
            "sort": users.SORTS,
        }

    async def _read(self, cursor: str | None, limit: int) -> Slice:
        filters = PersonFilters(self.query, self.role, self.state, ACTIVE.get(self.active, 0))
        page = await read(users.list_people, filters, sort=self.sort, cursor=cursor, limit=limit)
        self.total = page.total
        return page

    @handler("admin")
    async def load_people(self) -> None:
        """on_load of the page."""
        await self._list()
        async with unit_of_work(writes=False) as session:
            self.invitations = await invitations.list_open(session, current_actor())
            settings = await instance_settings.load(session)
        self.registration = settings.registration
        self.domains = ", ".join(settings.allowed_domains)
        self.problem = self.domains_problem = ""

    @handler("admin")
    async def show_view(self, view: str) -> None:
        """Switch to people, invitations or registration."""
        if view in VIEWS:
            self.view = view

    # --- letting in ---------------------------------------------------------------------

    @handler("admin")
    def open_form(self, which: str) -> Reply:
        """Open an empty form to invite a user or to create an account."""
        self.problem = ""
        return browser.show(INVITE if which == "invite" else CREATE)

    def _hand(self, link: HandedLink, kind: str, to: str = "") -> Reply:
        self.handed, self.handed_to, self.handed_until = kind, to, link.expires_at
        return browser.hand(LINK, link.path)

    @handler("admin", form="", closes=INVITE)
    async def invite(self, email: str, role: str, days: str) -> Reply:
        """Create an invitation, and show its link."""
        lasts = int(days) if days.isdigit() else 0
        invited = await write(invitations.invite, email=email, role=role, days=lasts)
        self.invitations = [invited.invitation, *self.invitations]
        to = invited.invitation.email
        return self._hand(invited.link, "invite_for" if to else "invite", to)

    @handler("admin", form="", closes=CREATE)
    async def create(self, email: str, username: str, role: str) -> Reply:
        """Create an account, and show the link with which its owner sets a password."""
        made = await write(users.create, email=email, username=username, role=role)
        await self._list()
        return self._hand(made.link, "welcome", made.user.username)

    @handler("admin")
    async def revoke(self, invitation_id: str) -> Reply:
        """Revoke an invitation."""
        await write(invitations.revoke, invitation_id)
        self.invitations = [each for each in self.invitations if each.id != invitation_id]
        return news("users.revoked")

    # --- changing -----------------------------------------------------------------------

    async def _change(self, user_id: str, key: str, **changes: Unpack[PersonChange]) -> Reply:
        changed = await write(users.change, user_id, **changes)
        self.items = [changed if each.id == changed.id else each for each in self.items]
        return news(key, name=changed.username)

    @handler("admin")
    async def ask(self, user_id: str, what: str) -> Reply:
        """Ask for confirmation before a user is promoted, demoted or disabled."""
        if what not in ASKED:
            return None
        self.chosen = await read(users.get_person, user_id)
        self.asked = what
        return browser.show(ASK)

    @handler("admin", closes=ASK)
    async def do_asked(self) -> Reply:
        """Carry out the confirmed change."""
        if self.asked not in ASKED:
            return None
        key, changes = ASKED[self.asked]
        told = await self._change(self.chosen.id, key, **changes)
        self.asked = ""
        return told

    @handler("admin")
    async def enable(self, user_id: str) -> Reply:
        """Enable another user's account."""
        return await self._change(user_id, "users.enabled", is_active=True)

    @handler("admin")
    async def make_reset_link(self, user_id: str) -> Reply:
        """Create a reset link and show it."""
        async with unit_of_work() as session:
            link = await users.make_reset_link(session, current_actor(), user_id)
            person = await users.get_person(session, current_actor(), user_id)
        kind = "welcome" if person.status == PersonStatus.WAITING else "reset"
        return self._hand(link, kind, person.username)

    @handler("admin")
    async def ask_to_delete(self, user_id: str) -> Reply:
        """Open the form to delete another user's account."""
        self.chosen = await read(users.get_person, user_id)
        self.problem, self.heirs = "", []
        return browser.show(DELETE)

    @handler("admin")
    async def look_for_heirs(self, query: str) -> None:
        """Suggest people who could take over the account's chats, projects, files and prompts."""
        filters = PersonFilters(query[:200], state="active")
        page = await read(users.list_people, filters, limit=HEIRS)
        self.heirs = [each for each in page.items if each.id != self.chosen.id]

    @handler("admin", form="", closes=DELETE)
    async def delete_person(self, email: str, keeps: bool, heir: str) -> Reply:
        """Delete the selected account; with `keeps`, hand over what its owner made to `heir`."""
        chosen = self.chosen
        heir_id = await read(users.id_of, heir) if keeps else ""
        await users.delete(current_actor(), chosen.id, email=email, hand_over_to=heir_id)
        await self._list()
        return news("users.deleted", name=chosen.username)

    # --- who may register ---------------------------------------------------------------

    @handler("admin")
    async def set_registration(self, value: str) -> Reply:
        """Set the registration policy: open, invite or closed."""
        changed = await write(instance_settings.change, registration=value)
        self.registration = changed.registration
        return news("users.saved")

    @handler("admin", form="domains_")
    async def save_domains(self, domains: str) -> Reply:
        """Restrict registration to email addresses in these domains; "" for any."""
        listed = [each for each in domains[:5000].replace(";", ",").split(",") if each.strip()]
        try:
            changed = await write(instance_settings.change, allowed_domains=listed)
        except InvalidInput:
            raise InvalidInput("error.domains") from None
        self.domains = ", ".join(changed.allowed_domains)
        return news("users.saved")
