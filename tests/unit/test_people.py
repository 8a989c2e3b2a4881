"""People in the administrator's house: found, let in, changed, let go."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Actor, Client
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import (
    AccountDisabled,
    AlreadyRegistered,
    Conflict,
    InvalidCredentials,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from llm_ui.generation import Engine
from llm_ui.models import (
    ChatHistory,
    ChatMessage,
    Generation,
    MonitoringLog,
    Project,
    StoredFile,
    SystemPrompt,
    UsageLog,
    User,
    UserLink,
)
from llm_ui.models.base import now
from llm_ui.schemas.accounts.account import AccountChange
from llm_ui.schemas.accounts.users import PersonFilters, PersonItem
from llm_ui.services.accounts import account, account_deletion, authentication, invitations
from llm_ui.services.accounts import users as service
from llm_ui.services.answers import runs
from llm_ui.services.chats import search
from llm_ui.services.operations import instance_settings
from tests.conftest import PASSWORD, People, sign_up

HOME = Client("127.0.0.1", "tests")


async def change(actor: Actor, user_id: str, **changes: object) -> PersonItem:
    async with unit_of_work() as session:
        return await service.change(session, actor, user_id, **changes)  # type: ignore[arg-type]


async def listed(actor: Actor, filters: PersonFilters | None = None, **how: object) -> list[str]:
    async with unit_of_work(writes=False) as session:
        page = await service.list_people(session, actor, filters, **how)  # type: ignore[arg-type]
    return [each.username for each in page.items]


async def signed_in(people: People, name: str) -> bool:
    async with unit_of_work(writes=False) as session:
        return await auth.resolve(session, people.sessions[name].token) is not None


async def invited(people: People, **how: object) -> str:
    """The token of a new invitation."""
    async with unit_of_work() as session:
        made = await invitations.invite(session, people.alice, **how)  # type: ignore[arg-type]
    assert made.link.path.startswith("/join#")
    return made.link.path.partition("#")[2]


async def reset_token(people: People, user_id: str) -> str:
    async with unit_of_work() as session:
        link = await service.make_reset_link(session, people.alice, user_id)
    assert link.path.startswith("/reset#")
    return link.path.partition("#")[2]


async def logged(kind: str) -> list[MonitoringLog]:
    async with unit_of_work(writes=False) as session:
        query = sa.select(MonitoringLog).where(col(MonitoringLog.log_type) == kind)
        return list(await session.scalars(query))


async def user_row(user_id: str) -> User | None:
    async with unit_of_work(writes=False) as session:
        return await session.get(User, user_id)


# --- finding ----------------------------------------------------------------------------


async def test_people_are_found_by_name_and_e_mail_and_filtered(people: People):
    await sign_up("Özlem")
    await change(people.alice, people.charlie.user_id, is_active=False)
    assert await listed(people.alice) == ["alice", "bob", "charlie", "Özlem"]
    assert await listed(people.alice, PersonFilters("BO example")) == ["bob"]
    assert await listed(people.alice, PersonFilters("özl")) == ["Özlem"]
    assert await listed(people.alice, PersonFilters("100%")) == []
    assert await listed(people.alice, PersonFilters(role="admin")) == ["alice"]
    assert await listed(people.alice, PersonFilters(state="disabled")) == ["charlie"]
    assert await listed(people.alice, PersonFilters(active_days=-30)) == []
    async with unit_of_work() as session:
        (await session.get_one(User, people.bob.user_id)).last_active_at = now() - timedelta(40)
    assert await listed(people.alice, PersonFilters(active_days=-30)) == ["bob"]
    assert "bob" not in await listed(people.alice, PersonFilters(active_days=30))
    assert (await listed(people.alice, sort="active"))[-1] == "bob"


@pytest.mark.parametrize("sort", sorted(service.SORTS))
async def test_pages_of_many_people_hold_everybody_once(people: People, sort: str):
    same = now()
    async with unit_of_work() as session:
        for number in range(230):
            session.add(
                User(
                    email=f"p{number}@example.org",
                    username=f"Person {number % 7}",
                    password_hash="",
                    created_at=same,
                    last_active_at=same - timedelta(days=number % 5) if number % 3 else None,
                )
            )
    seen: list[str] = []
    cursor: str | None = None
    while True:
        async with unit_of_work(writes=False) as session:
            page = await service.list_people(
                session, people.alice, sort=sort, cursor=cursor, limit=50
            )
        assert page.total == 233
        seen += [each.id for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 233


@pytest.mark.parametrize("cursor", ["x", "W10=", "WzEsMl0=", "WyJ4IiwgInkiXQ=="])
async def test_a_cursor_that_is_not_ours_is_refused(people: People, cursor: str):
    with pytest.raises(InvalidInput):
        await listed(people.alice, sort="created", cursor=cursor)


async def test_a_row_counts_chats_and_the_months_tokens(people: People):
    last_month = now().replace(day=1) - timedelta(days=2)
    async with unit_of_work() as session:
        for deleted in (None, None, now()):
            session.add(ChatHistory(user_id=people.bob.user_id, title="x", deleted_at=deleted))
        for when in (now(), now(), last_month):
            session.add(
                UsageLog(
                    user_id=people.bob.user_id, input_tokens=100, output_tokens=11, created_at=when
                )
            )
    async with unit_of_work(writes=False) as session:
        bob = await service.get_person(session, people.alice, people.bob.user_id)
    assert (bob.chats, bob.tokens, bob.status) == (2, 222, "active")


async def test_nobody_else_may_do_any_of_it(people: People):
    bob = people.bob.user_id
    async with unit_of_work() as session:
        for attempt in (
            service.list_people(session, people.charlie),
            service.get_person(session, people.charlie, bob),
            service.create(session, people.charlie, email="x@example.org", username="x"),
            service.change(session, people.charlie, bob, role="admin"),
            service.make_reset_link(session, people.charlie, bob),
            service.id_of(session, people.charlie, "bob@example.org"),
            invitations.invite(session, people.charlie),
            invitations.list_open(session, people.charlie),
            invitations.revoke(session, people.charlie, "x"),
        ):
            with pytest.raises(NotAllowed):
                await attempt
    with pytest.raises(NotAllowed):
        await service.delete(people.charlie, bob, email="bob@example.org")


# --- letting in -------------------------------------------------------------------------


async def test_an_invitation_opens_one_account_with_its_role(people: People):
    token = await invited(people, role="admin")
    async with unit_of_work(writes=False) as session:
        assert (await invitations.look(session, token, "invite")).role == "admin"
        assert [each.created_by for each in await invitations.list_open(session, people.alice)] == [
            "alice"
        ]
    dora = await invitations.accept(token, "dora@example.org", "Dora", PASSWORD, HOME)
    assert dora.user.role == "admin"
    assert (await authentication.log_in("dora@example.org", PASSWORD, HOME)).user.id == dora.user.id
    with pytest.raises(NotFound):
        await invitations.accept(token, "emil@example.org", "Emil", PASSWORD, HOME)
    async with unit_of_work(writes=False) as session:
        assert await invitations.list_open(session, people.alice) == []
    (row,) = await logged("admin.user_invited")
    assert row.details["changes"]["role"] == [None, "admin"]


async def test_two_who_take_up_one_invitation_at_once_do_not_both_get_in(people: People):
    token = await invited(people)
    outcomes = await asyncio.gather(
        *(
            invitations.accept(token, f"{name}@example.org", name, PASSWORD, HOME)
            for name in ("dora", "emil")
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["NotFound", "SignedIn"]


async def test_an_invitation_for_an_address_takes_no_other(people: People):
    token = await invited(people, email="Dora@Example.org")
    dora = await invitations.accept(token, "emil@example.org", "Dora", PASSWORD, HOME)
    assert dora.user.email == "dora@example.org"
    with pytest.raises(AlreadyRegistered):
        await invited(people, email="bob@example.org")


async def test_a_withdrawn_or_outdated_or_invented_link_opens_nothing(people: People):
    withdrawn, outdated = await invited(people), await invited(people)
    async with unit_of_work() as session:
        newest, oldest = await invitations.list_open(session, people.alice)
        await invitations.revoke(session, people.alice, oldest.id)
        (await session.get_one(UserLink, newest.id)).expires_at = now() - timedelta(seconds=1)
    reset = await reset_token(people, people.bob.user_id)
    for token in (withdrawn, outdated, reset, "", "x", "x" * 5000, "\x00"):
        with pytest.raises(NotFound):
            await invitations.accept(token, "dora@example.org", "Dora", PASSWORD, HOME)
    with pytest.raises(NotFound):
        await invitations.reset(await invited(people), PASSWORD, HOME)


async def test_only_a_keyed_hash_of_a_token_is_kept(people: People):
    token = await invited(people)
    async with unit_of_work(writes=False) as session:
        links = list(await session.scalars(sa.select(UserLink)))
        rows = list(await session.scalars(sa.select(MonitoringLog)))
    assert [len(each.token_hash) for each in links] == [64]
    assert token not in repr(links)
    assert token not in repr([(each.message, each.details) for each in rows])


async def test_an_account_that_was_made_waits_for_its_owner(people: People):
    async with unit_of_work() as session:
        made = await service.create(
            session, people.alice, email="dora@example.org", username="Dora"
        )
    assert made.user.status == "waiting"
    for password in ("", "anything at all"):
        with pytest.raises(InvalidCredentials):
            await authentication.log_in("dora@example.org", password, HOME)
    token = made.link.path.partition("#")[2]
    with pytest.raises(InvalidInput):
        await invitations.reset(token, "short", HOME)
    await invitations.reset(token, PASSWORD, HOME)
    await authentication.log_in("dora@example.org", PASSWORD, HOME)
    assert await listed(people.alice, PersonFilters(state="waiting")) == []


async def test_a_reset_link_works_once_and_ends_the_other_sessions(people: People):
    earlier = await reset_token(people, people.bob.user_id)
    token = await reset_token(people, people.bob.user_id)
    assert await signed_in(people, "bob")
    with pytest.raises(NotFound):
        await invitations.reset(earlier, "another password", HOME)
    here = await invitations.reset(token, "another password", HOME)
    assert not await signed_in(people, "bob")
    async with unit_of_work(writes=False) as session:
        assert await auth.resolve(session, here.token) is not None
    with pytest.raises(InvalidCredentials):
        await authentication.log_in("bob@example.org", PASSWORD, HOME)
    with pytest.raises(NotFound):
        await invitations.reset(token, "a third password", HOME)


async def test_a_reset_link_ends_with_the_password_it_would_replace(people: People):
    """Overwrite a reset: whoever finds an old link sets no password over a new one."""
    token = await reset_token(people, people.bob.user_id)
    await account.change_password(people.bob, PASSWORD, "another password", HOME)
    with pytest.raises(NotFound):
        await invitations.reset(token, "a third password", HOME)
    token = await reset_token(people, people.bob.user_id)
    await authentication.reset_password("bob@example.org", "yet another one")
    with pytest.raises(NotFound):
        await invitations.reset(token, "a third password", HOME)


async def test_a_link_of_a_disabled_account_opens_nothing(people: People):
    token = await reset_token(people, people.bob.user_id)
    await change(people.alice, people.bob.user_id, is_active=False)
    with pytest.raises(NotFound):
        await invitations.reset(token, "another password", HOME)
    with pytest.raises(Conflict):
        await reset_token(people, people.bob.user_id)


# --- who may register -------------------------------------------------------------------


async def set_up(people: People, **changes: object) -> None:
    async with unit_of_work() as session:
        await instance_settings.change(session, people.alice, **changes)


async def test_the_setting_wins_over_the_environment(people: People, settings_env):
    settings_env("REGISTRATION", "closed")
    with pytest.raises(NotAllowed):
        await sign_up("dora")
    await set_up(people, registration="open")
    await sign_up("dora")


async def test_by_invitation_only_nobody_comes_by_themselves(people: People):
    await set_up(people, registration="invite")
    with pytest.raises(NotAllowed) as refused:
        await sign_up("dora")
    assert refused.value.message_key == "error.registration_invite"
    await invitations.accept(await invited(people), "dora@example.org", "Dora", PASSWORD, HOME)


async def test_closed_means_that_not_even_invitations_open_an_account(people: People):
    token = await invited(people)
    await set_up(people, registration="closed")
    with pytest.raises(NotAllowed):
        await invitations.accept(token, "dora@example.org", "Dora", PASSWORD, HOME)
    with pytest.raises(Conflict):
        await invited(people)
    # The password of somebody who has an account is another matter.
    await invitations.reset(await reset_token(people, people.bob.user_id), PASSWORD, HOME)


async def test_domains_hold_for_whoever_types_an_address_themselves(people: People):
    await set_up(people, allowed_domains=["@Example.COM", "example.net"])
    for email in ("dora@example.org", "dora@sub.example.com", "dora@example.com.evil.org"):
        with pytest.raises(InvalidInput) as refused:
            await authentication.register(email, "Dora", PASSWORD, HOME)
        assert refused.value.field == "email"
        assert refused.value.params["domains"] == "example.com, example.net"
    await authentication.register("dora@example.com", "Dora", PASSWORD, HOME)
    open_one = await invited(people)
    with pytest.raises(InvalidInput):
        await invitations.accept(open_one, "emil@example.org", "Emil", PASSWORD, HOME)
    wanted = AccountChange(email="bob@elsewhere.org")
    with pytest.raises(InvalidInput) as refused:
        await account.change(people.bob, wanted, HOME, PASSWORD)
    assert refused.value.message_key == "error.email_domain"
    # An administrator may give an account to anybody.
    named = await invited(people, email="emil@example.org")
    await invitations.accept(named, "", "Emil", PASSWORD, HOME)


@pytest.mark.parametrize("domain", ["a b", "-x.org", "x..org", "x@y.org", "ä.org", "x" * 300])
async def test_what_is_no_domain_is_not_taken(people: People, domain: str):
    with pytest.raises(InvalidInput) as refused:
        await set_up(people, allowed_domains=[domain])
    assert refused.value.field == "allowed_domains"


# --- changing ---------------------------------------------------------------------------


async def test_disabling_ends_every_session_and_enabling_lets_in_again(people: People):
    assert (await change(people.alice, people.bob.user_id, is_active=False)).status == "disabled"
    assert not await signed_in(people, "bob")
    with pytest.raises(AccountDisabled):
        await authentication.log_in("bob@example.org", PASSWORD, HOME)
    await change(people.alice, people.bob.user_id, is_active=True)
    await authentication.log_in("bob@example.org", PASSWORD, HOME)
    (row,) = await logged("admin.user_disabled")
    assert row.details == {"subject": people.bob.user_id, "changes": {"active": [True, False]}}


async def test_a_demoted_administrator_is_out_with_every_link_they_made(people: People):
    await change(people.alice, people.bob.user_id, role="admin")
    people.sessions["bob"] = await authentication.log_in("bob@example.org", PASSWORD, HOME)
    assert await signed_in(people, "bob")
    bob = Actor(people.bob.user_id, "bob", "bob@example.org", "admin", is_confirmed=True)
    async with unit_of_work() as session:
        back_door = await invitations.invite(session, bob, role="admin")
        take_over = await service.make_reset_link(session, bob, people.charlie.user_id)
    await change(people.alice, people.bob.user_id, role="user")
    assert not await signed_in(people, "bob")
    with pytest.raises(NotFound):
        token = back_door.link.path.partition("#")[2]
        await invitations.accept(token, "dora@example.org", "Dora", PASSWORD, HOME)
    with pytest.raises(NotFound):
        await invitations.reset(take_over.path.partition("#")[2], PASSWORD, HOME)
    assert [row.details["changes"] for row in await logged("admin.user_role")] == [
        {"role": ["user", "admin"]},
        {"role": ["admin", "user"]},
    ]


async def test_who_came_in_before_is_no_administrator_by_the_promotion(people: People):
    """A key that makes better credentials: a link made while it was harmless would be one."""
    token = await reset_token(people, people.bob.user_id)
    await change(people.alice, people.bob.user_id, role="admin")
    assert not await signed_in(people, "bob")
    with pytest.raises(NotFound):
        await invitations.reset(token, "another password", HOME)
    assert (await authentication.log_in("bob@example.org", PASSWORD, HOME)).user.role == "admin"


async def test_nobody_does_it_to_themselves(people: People):
    alice = people.alice.user_id
    for changes in ({"role": "user"}, {"is_active": False}):
        with pytest.raises(Conflict):
            await change(people.alice, alice, **changes)
    with pytest.raises(Conflict):
        await service.delete(people.alice, alice, email="alice@example.org")
    with pytest.raises(Conflict):
        await reset_token(people, alice)


async def test_two_who_demote_each_other_do_not_leave_the_house_without_one(people: People):
    await change(people.alice, people.bob.user_id, role="admin")
    bob = Actor(people.bob.user_id, "bob", "bob@example.org", "admin")
    outcomes = await asyncio.gather(
        change(people.alice, bob.user_id, role="user"),
        change(bob, people.alice.user_id, role="user"),
        return_exceptions=True,
    )
    assert [isinstance(each, NotAllowed) for each in outcomes].count(True) == 1
    assert len(await listed(people.alice, PersonFilters(role="admin"))) == 1


@pytest.mark.parametrize("changes", [{"role": "owner"}, {"username": "<b>"}, {"username": " "}])
async def test_values_that_cannot_be_used_change_nothing(people: People, changes: dict[str, str]):
    with pytest.raises(InvalidInput):
        await change(people.alice, people.bob.user_id, **changes)
    bob = await user_row(people.bob.user_id)
    assert bob is not None
    assert (bob.username, bob.role) == ("bob", "user")


async def test_somebody_who_is_not_there_cannot_be_changed(people: People):
    for attempt in ("nobody", "", "\x00", people.bob.user_id.upper()):
        with pytest.raises(NotFound):
            await change(people.alice, attempt, role="admin")


# --- while they stream ------------------------------------------------------------------


async def state_of(run_id: str) -> str:
    async with unit_of_work(writes=False) as session:
        return (await session.get_one(Generation, run_id)).state


async def until_state(run_id: str, *wanted: str) -> None:
    for _ in range(600):
        if await state_of(run_id) in wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{run_id} is {await state_of(run_id)}")


async def test_disabling_stops_the_answers_that_are_being_written(
    people: People, engine: Engine, model_id: str
):
    asked = await runs.ask(people.bob, "tokens=4000 rate=20", model_id=model_id)
    await until_state(asked.run_id, "running")
    await change(people.alice, people.bob.user_id, is_active=False)
    await until_state(asked.run_id, "stopped")


async def test_a_question_that_slips_in_while_its_person_is_shut_out_is_not_answered(
    people: People, engine: Engine, model_id: str
):
    async with unit_of_work() as session:
        (await session.get_one(User, people.bob.user_id)).is_active = False
    asked = await runs.ask(people.bob, "tokens=10", model_id=model_id)
    await until_state(asked.run_id, "failed", "stopped")
    async with unit_of_work(writes=False) as session:
        answer = await session.get_one(ChatMessage, asked.message_id)
    assert answer.content == ""


# --- letting go -------------------------------------------------------------------------


async def test_deleting_somebody_who_streams_leaves_nothing_of_theirs(
    people: People, engine: Engine, model_id: str
):
    asked = await runs.ask(people.bob, "tokens=4000 rate=20", model_id=model_id)
    await until_state(asked.run_id, "running")
    await service.delete(people.alice, people.bob.user_id, email=" Bob@example.org ")
    assert await user_row(people.bob.user_id) is None
    assert not await signed_in(people, "bob")
    async with unit_of_work(writes=False) as session:
        for table in (ChatHistory, Generation, ChatMessage):
            assert await session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        (ledger,) = await session.scalars(sa.select(UsageLog))
        rows = list(await session.scalars(sa.select(MonitoringLog)))
    assert ledger.user_id is None
    assert ledger.status == "stopped"
    assert "bob" not in repr([(each.message, each.details) for each in rows])


async def test_deleting_asks_for_the_right_e_mail(people: People):
    with pytest.raises(InvalidInput) as refused:
        await service.delete(people.alice, people.bob.user_id, email="charlie@example.org")
    assert refused.value.field == "email"
    assert await signed_in(people, "bob")


async def test_what_somebody_made_is_handed_over_whole(
    people: People, engine: Engine, model_id: str
):
    bob, charlie = people.bob.user_id, people.charlie.user_id
    asked = await runs.ask(people.bob, "tokens=5 marmalade", model_id=model_id, key="k")
    theirs = await runs.ask(people.charlie, "tokens=5", model_id=model_id, key="k")
    await until_state(asked.run_id, "done")
    await until_state(theirs.run_id, "done")
    async with unit_of_work() as session:
        project = Project(user_id=bob, name="Recipes")
        session.add(project)
        await session.flush()
        in_project = ChatHistory(user_id=bob, title="Jam", project_id=project.id)
        gone = ChatHistory(user_id=bob, title="Gone", deleted_at=now())
        fleeting = ChatHistory(user_id=bob, title="Fleeting", is_temporary=True)
        prompt = SystemPrompt(user_id=bob, name="Cook", prompt="You cook.")
        file = StoredFile(
            user_id=bob, name="jam.txt", media_type="text/plain", kind="text", size=1, sha256="0"
        )
        session.add_all([in_project, gone, fleeting, prompt, file])
    await service.delete(people.alice, bob, email="bob@example.org", hand_over_to=charlie)
    assert await user_row(bob) is None
    async with unit_of_work(writes=False) as session:
        kept = {
            each.title: each.project_id
            for each in await session.scalars(
                sa.select(ChatHistory).where(col(ChatHistory.user_id) == charlie)
            )
        }
        projects = {each.id: each.name for each in await session.scalars(sa.select(Project))}
        assert await session.get(ChatHistory, gone.id) is None
        assert await session.get(ChatHistory, fleeting.id) is None
        for thing in (prompt, file, project):
            found = await session.get(type(thing), thing.id)
            assert found is not None
            assert found.user_id == charlie
        moved = await session.get_one(ChatHistory, asked.chat_id)
        found = await search.search(session, people.charlie, "marmalade")
    assert kept["Jam"] == project.id
    assert projects[moved.project_id or ""] == "From bob"
    assert [each.chat_id for each in found.items] == [asked.chat_id]
    (row,) = await logged("admin.user_deleted")
    assert row.details["handed_over_to"] == charlie


async def test_an_heir_must_be_somebody_else_who_is_there(people: People):
    bob = people.bob.user_id
    await change(people.alice, people.charlie.user_id, is_active=False)
    for heir in (bob, people.charlie.user_id, "nobody"):
        with pytest.raises(InvalidInput) as refused:
            await service.delete(people.alice, bob, email="bob@example.org", hand_over_to=heir)
        assert refused.value.field == "hand_over_to"
    assert await signed_in(people, "bob")


async def test_a_departure_that_was_cut_short_is_finished_later(people: People):
    async with unit_of_work() as session:
        user = await session.get_one(User, people.bob.user_id)
        await account_deletion.begin(session, user, people.charlie.user_id)
        session.add(ChatHistory(user_id=user.id, title="Jam"))
    with pytest.raises(NotFound):
        await change(people.alice, people.bob.user_id, is_active=True)
    await account_deletion.remove_leaving()
    async with unit_of_work(writes=False) as session:
        (chat,) = await session.scalars(sa.select(ChatHistory))
    assert chat.user_id == people.charlie.user_id


async def test_ten_thousand_people_are_asked_for_a_page_at_a_time(db: Database):
    await sign_up("alice")
    async with unit_of_work() as session:
        rows = [
            {"email": f"p{n}@example.org", "username": f"Person {n}", "password_hash": ""}
            for n in range(10_000)
        ]
        session.add_all([User(**row) for row in rows])
        alice = await session.scalar(sa.select(User).where(col(User.email) == "alice@example.org"))
        assert alice is not None
    async with unit_of_work(writes=False) as session:
        page = await service.list_people(
            session, auth.actor_of(alice), PersonFilters("person 77"), sort="created"
        )
    assert page.total == 280
    assert len(page.items) == service.PAGE
