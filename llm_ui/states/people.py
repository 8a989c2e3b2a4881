"""The administrator's page of people: find, invite, change, let go; and who may register."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError, InvalidInput, PasswordNeeded
from llm_ui.i18n import translate
from llm_ui.schemas.people import HandedLink, InvitationItem, PersonFilters, PersonItem
from llm_ui.services import installation, invitations, people
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.confirming import ask_password
from llm_ui.states.feedback import tell, words_of

PAGE = 50
ACTIVE = {"week": 7, "month": 30, "away": -30}
VIEWS = ("people", "invitations", "registration")
HEIRS = 8
INVITE, CREATE, LINK, ASK, DELETE = (
    "person-invite", "person-create", "person-link", "person-ask", "person-delete",
)  # fmt: skip
# What is asked before it is done, as the change that it is.
ASKED: dict[str, dict[str, Any]] = {
    "promote": {"role": "admin"},
    "demote": {"role": "user"},
    "disable": {"is_active": False},
}


def _shut(dialog: str) -> Any:
    return browser.shut(dialog)


def _show(dialog: str) -> Any:
    return browser.call("fresh", dialog)


class PeopleState(rx.State):
    """What the page shows. A link that was made goes to the page by an event, once: it is a
    secret, and no var ever holds it."""

    view: str = "people"
    query: str = ""
    # The field keeps what is typed itself: a new number makes it anew.
    cleared: int = 0
    role: str = ""
    state: str = ""
    active: str = ""
    sort: str = "name"
    items: list[PersonItem] = []
    total: int = 0
    loaded: bool = False
    has_more: bool = False
    invitations: list[InvitationItem] = []
    registration: str = "open"
    domains: str = ""
    domains_problem: str = ""
    problem: str = ""
    chosen: PersonItem = PersonItem()
    asked: str = ""
    # What the link that is shown is for: invite, invite_for, reset or welcome.
    handed: str = ""
    handed_to: str = ""
    handed_until: str = ""
    heirs: list[PersonItem] = []
    _next: str = ""

    @rx.var
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.query or self.role or self.state or self.active)

    async def _page(self, session: Session, actor: Actor, cursor: str | None) -> None:
        filters = PersonFilters(self.query, self.role, self.state, ACTIVE.get(self.active, 0))
        page = await people.list_people(
            session, actor, filters, sort=self.sort, cursor=cursor, limit=PAGE
        )
        known = {each.id for each in self.items} if cursor else set()
        fresh = [each for each in page.items if each.id not in known]
        self.items = [*self.items, *fresh] if cursor else fresh
        self.total, self._next = page.total, page.next_cursor or ""
        self.has_more = bool(self._next)
        self.loaded = True

    async def _list(self) -> None:
        async with unit_of_work(writes=False) as session:
            await self._page(session, current_actor(), None)

    @rx.event
    @admin
    async def load_people(self) -> None:
        """on_load of the page."""
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            await self._page(session, actor, None)
            self.invitations = await invitations.list_open(session, actor)
            settings = await installation.load(session)
        self.registration = settings.registration
        self.domains = ", ".join(settings.allowed_domains)
        self.problem = self.domains_problem = ""

    @rx.event
    @admin
    async def show_view(self, view: str) -> None:
        """Show the people, the invitations or the registration."""
        if view in VIEWS:
            self.view = view

    # --- finding ------------------------------------------------------------------------

    @rx.event
    @admin
    async def look_for(self, query: str) -> None:
        """Show who fits these words; without any, everybody."""
        self.query = query[:200]
        await self._list()

    @rx.event
    @admin
    async def narrow(self, name: str, value: str) -> None:
        """Set one of the filters role, state and active, or sort; "" lets a filter go."""
        known = {
            "role": ("", "user", "admin"),
            "state": ("", *people.STATES),
            "active": ("", *ACTIVE),
            "sort": tuple(people.SORTS),
        }
        if value in known.get(name, ()):
            setattr(self, name, value)
            await self._list()

    @rx.event
    @admin
    async def clear_filters(self) -> None:
        """Let go of the words and all filters."""
        self.query = self.role = self.state = self.active = ""
        self.cleared += 1
        await self._list()

    @rx.event
    @admin
    async def load_more(self) -> None:
        """Add the next page."""
        if not self._next:
            return
        async with unit_of_work(writes=False) as session:
            await self._page(session, current_actor(), self._next)

    # --- letting in ---------------------------------------------------------------------

    @rx.event
    @admin
    def open_form(self, which: str) -> Any:
        """Open the form to invite somebody or to create an account, empty."""
        self.problem = ""
        return _show(INVITE if which == "invite" else CREATE)

    def _hand(self, link: HandedLink, kind: str, to: str = "") -> Any:
        self.handed, self.handed_to, self.handed_until = kind, to, link.expires_at
        return browser.call("hand", LINK, link.path)

    @rx.event
    @admin
    async def invite(self, email: str, role: str, days: str) -> Any:
        """Make an invitation, and show its link."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                invited = await invitations.invite(
                    session, actor, email=email, role=role, days=int(days) if days.isdigit() else 0
                )
        except PasswordNeeded:
            return await ask_password(self, PeopleState.invite, email, role, days)
        except AppError as error:
            self.problem = words_of(error)
            return None
        self.problem = ""
        self.invitations = [invited.invitation, *self.invitations]
        to = invited.invitation.email
        return [_shut(INVITE), self._hand(invited.link, "invite_for" if to else "invite", to)]

    @rx.event
    @admin
    async def create(self, email: str, username: str, role: str) -> Any:
        """Make an account, and show the link by which its owner sets the password."""
        try:
            async with unit_of_work() as session:
                made = await people.create(
                    session, current_actor(), email=email, username=username, role=role
                )
        except PasswordNeeded:
            return await ask_password(self, PeopleState.create, email, username, role)
        except AppError as error:
            self.problem = words_of(error)
            return None
        self.problem = ""
        await self._list()
        return [_shut(CREATE), self._hand(made.link, "welcome", made.user.username)]

    @rx.event
    @admin
    async def revoke(self, invitation_id: str) -> Any:
        """Withdraw an invitation."""
        try:
            async with unit_of_work() as session:
                await invitations.revoke(session, current_actor(), invitation_id)
        except AppError as error:
            return tell(error)
        self.invitations = [each for each in self.invitations if each.id != invitation_id]
        return self._news("people.revoked")

    # --- changing -----------------------------------------------------------------------

    def _news(self, key: str, **params: object) -> Any:
        return browser.say("success", translate(key, current_actor().language, **params), key)

    async def _change(self, user_id: str, key: str, **changes: Any) -> Any:
        try:
            async with unit_of_work() as session:
                changed = await people.change(session, current_actor(), user_id, **changes)
        except PasswordNeeded:
            raise
        except AppError as error:
            return tell(error)
        self.items = [changed if each.id == changed.id else each for each in self.items]
        return self._news(key, name=changed.username)

    async def _choose(self, user_id: str) -> None:
        async with unit_of_work(writes=False) as session:
            self.chosen = await people.get_person(session, current_actor(), user_id)

    @rx.event
    @admin
    async def ask(self, user_id: str, what: str) -> Any:
        """Ask once before somebody is promoted, demoted or disabled."""
        if what not in ASKED:
            return None
        try:
            await self._choose(user_id)
        except AppError as error:
            return tell(error)
        self.asked = what
        return browser.show(ASK)

    @rx.event
    @admin
    async def do_asked(self) -> Any:
        """Do what was asked about."""
        if self.asked not in ASKED:
            return None
        what = self.asked
        key = {"promote": "people.promoted", "demote": "people.demoted"}
        said = key.get(what, "people.disabled")
        try:
            told = await self._change(self.chosen.id, said, **ASKED[what])
        except PasswordNeeded:
            return await ask_password(self, PeopleState.do_asked)
        self.asked = ""
        return [_shut(ASK), told]

    @rx.event
    @admin
    async def enable(self, user_id: str) -> Any:
        """Let somebody in again."""
        try:
            return await self._change(user_id, "people.enabled", is_active=True)
        except PasswordNeeded:
            return await ask_password(self, PeopleState.enable, user_id)

    @rx.event
    @admin
    async def make_reset_link(self, user_id: str) -> Any:
        """Make a link by which somebody sets a new password, and show it."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                link = await people.make_reset_link(session, actor, user_id)
                person = await people.get_person(session, actor, user_id)
        except PasswordNeeded:
            return await ask_password(self, PeopleState.make_reset_link, user_id)
        except AppError as error:
            return tell(error)
        kind = "welcome" if person.state == "waiting" else "reset"
        return self._hand(link, kind, person.username)

    @rx.event
    @admin
    async def ask_to_delete(self, user_id: str) -> Any:
        """Open the form to delete somebody's account."""
        try:
            await self._choose(user_id)
        except AppError as error:
            return tell(error)
        self.problem, self.heirs = "", []
        return _show(DELETE)

    @rx.event
    @admin
    async def look_for_heirs(self, query: str) -> None:
        """Offer people who could be handed things."""
        filters = PersonFilters(query[:200], state="active")
        async with unit_of_work(writes=False) as session:
            page = await people.list_people(session, current_actor(), filters, limit=HEIRS)
        self.heirs = [each for each in page.items if each.id != self.chosen.id]

    @rx.event
    @admin
    async def delete_person(self, email: str, keeps: bool, heir: str) -> Any:
        """Delete the chosen account; `keeps` hands over what its owner made to `heir`."""
        actor, chosen = current_actor(), self.chosen
        try:
            heir_id = ""
            if keeps:
                async with unit_of_work(writes=False) as session:
                    heir_id = await people.id_of(session, actor, heir)
            await people.delete(actor, chosen.id, email=email, hand_over_to=heir_id)
        except PasswordNeeded:
            return await ask_password(self, PeopleState.delete_person, email, keeps, heir)
        except AppError as error:
            self.problem = words_of(error)
            return None
        self.problem = ""
        await self._list()
        return [_shut(DELETE), self._news("people.deleted", name=chosen.username)]

    # --- who may register ---------------------------------------------------------------

    @rx.event
    @admin
    async def set_registration(self, value: str) -> Any:
        """Who may make an account: open, invite or closed."""
        try:
            async with unit_of_work() as session:
                changed = await installation.change(session, current_actor(), registration=value)
        except AppError as error:
            return tell(error)
        self.registration = changed.registration
        return self._news("people.saved")

    @rx.event
    @admin
    async def save_domains(self, domains: str) -> Any:
        """Where the e-mail of people who register must be; "" for anywhere."""
        listed = [each for each in domains[:5000].replace(";", ",").split(",") if each.strip()]
        try:
            async with unit_of_work() as session:
                changed = await installation.change(
                    session, current_actor(), allowed_domains=listed
                )
        except InvalidInput:
            self.domains_problem = translate("error.domains", current_actor().language)
            return None
        self.domains_problem = ""
        self.domains = ", ".join(changed.allowed_domains)
        return self._news("people.saved")
