"""Accounts: who gets in, who does not, and what they are told."""

import asyncio
import hashlib
import unicodedata

import pytest
import sqlalchemy as sa
from passlib.hash import argon2
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Client
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import (
    AccountDisabled,
    AlreadyRegistered,
    InvalidCredentials,
    InvalidInput,
    NotAllowed,
    NotFound,
    TooManyRequests,
)
from llm_ui.i18n import translate
from llm_ui.models import AuthSession, MonitoringLog, User
from llm_ui.schemas.accounts.account import AccountChange
from llm_ui.security import passwords
from llm_ui.services.accounts import account, authentication, invitations, throttling, users
from tests.conftest import PASSWORD, People, sign_up

HOME = Client("192.0.2.1", "Firefox")
HERE = Client("127.0.0.1", "Firefox")


async def test_the_first_account_becomes_the_admin_and_the_next_ones_do_not(people: People):
    assert people.alice.is_admin
    assert not people.bob.is_admin
    assert not people.charlie.is_admin


async def test_of_many_first_accounts_at_once_exactly_one_becomes_the_admin(db: Database):
    made = await asyncio.gather(*(sign_up(f"person{n}") for n in range(6)))
    assert sum(actor.is_admin for actor, _ in made) == 1


async def test_an_address_is_taken_whatever_its_case(people: People):
    with pytest.raises(AlreadyRegistered):
        await authentication.register("BOB@example.org", "Bobby", PASSWORD, HOME)


@pytest.mark.parametrize(
    ("email", "username", "password", "field"),
    [
        ("no-address", "x", PASSWORD, "email"),
        ("two@@example.org", "x", PASSWORD, "email"),
        ("a@b.org\r\nBcc: c@d.org", "x", PASSWORD, "email"),
        ("a@example.org", "   ", PASSWORD, "username"),
        ("a@example.org", "<script>", PASSWORD, "username"),
        ("a@example.org", "x", "short", "password"),
        ("a@example.org", "x", "y" * 300, "password"),
    ],
)
async def test_unusable_details_name_their_field(db: Database, email, username, password, field):
    with pytest.raises(InvalidInput) as refused:
        await authentication.register(email, username, password, HOME)
    assert refused.value.field == field


async def test_signing_in_gives_a_session_whose_token_is_stored_nowhere(people: People):
    signed_in = await authentication.log_in("bob@example.org", PASSWORD, HOME)
    async with unit_of_work(writes=False) as session:
        hashes = list(await session.scalars(sa.select(col(AuthSession.token_hash))))
        actor = await auth.resolve(session, signed_in.token)
    assert actor is not None
    assert actor.user_id == people.bob.user_id
    assert signed_in.token not in hashes


async def test_wrong_password_and_unknown_account_cannot_be_told_apart(people: People):
    errors = []
    for email in ("bob@example.org", "nobody@example.org"):
        with pytest.raises(InvalidCredentials) as refused:
            await authentication.log_in(email, "wrong password", HOME)
        errors.append((refused.value.code, refused.value.message_key, refused.value.params))
    assert errors[0] == errors[1]


async def test_wrong_passwords_are_slowed_even_when_tried_all_at_once(people: People):
    async def attempt() -> type[Exception]:
        with pytest.raises((InvalidCredentials, TooManyRequests)) as refused:
            await authentication.log_in("bob@example.org", "wrong password", HOME)
        return refused.type

    kinds = await asyncio.gather(*(attempt() for _ in range(12)))
    assert kinds.count(TooManyRequests) >= 5
    with pytest.raises(TooManyRequests) as refused:
        await authentication.log_in("bob@example.org", PASSWORD, HOME)
    assert refused.value.retry_after >= 1


async def test_right_passwords_at_once_all_enter(people: People):
    names = ["alice", "bob", "charlie"] * 5
    signed_in = await asyncio.gather(
        *(authentication.log_in(f"{name}@example.org", PASSWORD, HOME) for name in names)
    )
    assert [each.user.username for each in signed_in] == names


async def test_wrong_passwords_of_others_at_a_shared_address_refuse_no_right_one(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(throttling, "SLOW_S", 0.0)
    monkeypatch.setitem(throttling.RULES, "address", throttling.Rule(4, 900))
    last: list[type[Exception]] = []
    for number in range(7):
        with pytest.raises((InvalidCredentials, TooManyRequests)) as refused:
            await authentication.log_in(f"nobody-{number}@example.org", "a guess", HOME)
        last.append(refused.type)
    assert last == [InvalidCredentials] * 4 + [TooManyRequests] * 3
    for name in ("alice", "bob"):
        assert (
            await authentication.log_in(f"{name}@example.org", PASSWORD, HOME)
        ).user.username == name
    with pytest.raises(TooManyRequests):
        await authentication.log_in("charlie@example.org", "a typo", HOME)
    signed_in = await authentication.log_in("charlie@example.org", PASSWORD, HOME)
    assert signed_in.user.username == "charlie"


async def test_a_typo_counts_after_it_was_one_and_the_right_password_clears_it(people: People):
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(InvalidCredentials):
                await authentication.log_in("bob@example.org", "a typo", HOME)
        await authentication.log_in("bob@example.org", PASSWORD, HOME)


async def test_somebody_elses_wrong_passwords_do_not_lock_bob_out(people: People):
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await authentication.log_in("bob@example.org", "wrong", Client("198.51.100.7"))
    signed_in = await authentication.log_in("bob@example.org", PASSWORD, HOME)
    assert signed_in.user.username == "bob"


@pytest.mark.parametrize(
    "stored",
    [
        hashlib.sha256(PASSWORD.encode()).hexdigest(),
        "s4lt$" + hashlib.sha256(b"s4lt" + PASSWORD.encode()).hexdigest(),
        "s4lt:" + hashlib.sha256(PASSWORD.encode() + b"s4lt").hexdigest(),
    ],
)
async def test_an_old_sha256_hash_lets_in_once_and_becomes_argon2(people: People, stored):
    async with unit_of_work() as session:
        user = await session.get(User, people.bob.user_id)
        user.password_hash = stored
    with pytest.raises(InvalidCredentials):
        await authentication.log_in("bob@example.org", "wrong password", HOME)
    await authentication.log_in("bob@example.org", PASSWORD, HOME)
    async with unit_of_work(writes=False) as session:
        user = await session.get(User, people.bob.user_id)
        assert user.password_hash.startswith("$argon2id$")
    await authentication.log_in("bob@example.org", PASSWORD, HOME)


OLD = argon2.using(type="ID", memory_cost=19456, time_cost=2, parallelism=1)
# The same words as one system composes them and as another one takes them apart.
LOOKALIKES = [
    ("P\u00e4ssw\u00f6rd-lang-1", "Pa\u0308sswo\u0308rd-lang-1"),
    *(
        (word, unicodedata.normalize("NFD", word))
        for word in ("비밀번호-한국어-1", "mật khẩu của tôi")
    ),
    ("パスワードですよ1", "ﾊﾟｽﾜｰﾄﾞですよ１"),
    ("\u00e9" * 256, "e\u0301" * 256),
]


@pytest.mark.parametrize(("one", "other"), [*LOOKALIKES, *(pair[::-1] for pair in LOOKALIKES)])
async def test_a_password_is_the_same_however_a_keyboard_composes_it(db: Database, one, other):
    await authentication.register("dora@example.org", "Dora", one, HERE)
    signed_in = await authentication.log_in("dora@example.org", other, HOME)
    async with unit_of_work() as session:
        actor = await auth.resolve(session, signed_in.token)
    assert actor
    await account.change_password(actor, one, other + "!" if len(one) < 250 else one[:-1], HOME)
    with pytest.raises(InvalidCredentials):
        await authentication.log_in("dora@example.org", other, HOME)


@pytest.mark.parametrize(("made_of", "typed"), LOOKALIKES[:4])
async def test_an_older_hash_of_what_was_typed_fits_and_is_renewed(people: People, made_of, typed):
    for raw in (made_of, typed):
        async with unit_of_work() as session:
            user = await session.get(User, people.bob.user_id)
            user.password_hash = stored = OLD.hash(raw)
        with pytest.raises(InvalidCredentials):
            await authentication.log_in("bob@example.org", raw + "x", HOME)
        await authentication.log_in("bob@example.org", raw, HOME)
        async with unit_of_work(writes=False) as session:
            user = await session.get(User, people.bob.user_id)
            assert (user.password_hash != stored) == (raw != passwords.one_form(raw))
        await authentication.log_in("bob@example.org", made_of, HOME)
        await authentication.log_in("bob@example.org", typed, HOME)


def test_an_older_hash_takes_as_long_as_any_other(monkeypatch):
    """User enumeration: an old kind of hash is tried in no time, and would tell of itself."""
    counts: list[int] = []

    class Counting:
        """Counts what takes long."""

        identify, hash = passwords._context.identify, passwords._context.hash

        def verify(self, secret: str, stored: str) -> bool:
            return self.verify_and_update(secret, stored)[0]

        def verify_and_update(self, secret: str, stored: str) -> tuple[bool, str | None]:
            counts[-1] += stored.startswith("$argon2")
            return real.verify_and_update(secret, stored)

    real = passwords._context
    monkeypatch.setattr(passwords, "_context", Counting())
    old = hashlib.sha256(b"correct horse").hexdigest()
    stored = (passwords.hash_password_now("correct horse"), old, f"salt${old}", None)
    for typed in ("wrong horse", "e\u0301 wrong horse"):
        for each in stored:
            counts.append(0)
            assert passwords._verify(typed, each) == (False, None)
        assert counts[-len(stored) :] == [len(passwords._forms(typed))] * len(stored)


async def test_a_password_that_grows_when_it_is_normalised_is_a_wrong_one(people: People):
    """One character may become eighteen, and nothing so long can be hashed."""
    for email in ("bob@example.org", "nobody@example.org"):
        with pytest.raises(InvalidCredentials):
            await authentication.log_in(email, "\ufdfa" * 1000, HOME)


@pytest.mark.parametrize("act", ["password", "email", "delete"])
async def test_who_knew_the_password_before_it_was_replaced_changes_nothing_any_more(
    people: People, monkeypatch, act: str
):
    """Stale role: the account has another password while an act by the old one is on its way."""
    bob, real = people.bob, throttling.tried

    async def tried(*arguments):
        fits = await real(*arguments)
        async with unit_of_work() as session:
            (await session.get(User, bob.user_id)).password_hash = "another one"
        return fits

    monkeypatch.setattr(throttling, "tried", tried)
    with pytest.raises(InvalidInput) as refused:
        if act == "password":
            await account.change_password(bob, PASSWORD, PASSWORD, HOME)
        elif act == "email":
            await account.change(bob, AccountChange(email="eve@example.org"), HOME, PASSWORD)
        else:
            await account.delete_own(bob, PASSWORD, translate("account.delete_word", "en"), HOME)
    assert refused.value.message_key == "error.password_wrong"
    async with unit_of_work(writes=False) as session:
        user = await session.get(User, bob.user_id)
        assert (user.password_hash, user.email) == ("another one", "bob@example.org")
        assert user.is_active


async def test_a_password_is_counted_in_the_form_that_is_hashed(db: Database):
    for short in ("e\u0301" * 7, "\ufdfa", "\ud800"):
        with pytest.raises(InvalidInput):
            await authentication.register("dora@example.org", "Dora", short, HOME)
    with pytest.raises(InvalidInput):
        await authentication.register("dora@example.org", "Dora", "\ufdfa" * 20, HOME)


async def test_signing_out_ends_that_session_alone_and_announces_it(people: People):
    other = await authentication.log_in("bob@example.org", PASSWORD, HOME)
    ended: list[str] = []

    async def listen(ids: list[str], why: str) -> None:
        ended.extend(f"{each}{why}" for each in ids)

    auth.on_sessions_ended(listen)
    await authentication.log_out(people.bob)
    async with unit_of_work(writes=False) as session:
        assert await auth.resolve(session, people.sessions["bob"].token) is None
        assert await auth.resolve(session, other.token) is not None
    assert ended == [people.bob.session_id]


async def test_closed_registration_refuses_everybody_but_the_first(db: Database, settings_env):
    settings_env("REGISTRATION", "closed")
    await sign_up("alice")
    with pytest.raises(NotAllowed) as refused:
        await sign_up("bob")
    assert refused.value.message_key == "error.registration_closed"


async def test_create_admin_makes_a_new_account(people: People):
    made = await authentication.create_admin("dora@example.org", "Dora", PASSWORD)
    assert made.role == "admin"
    assert (await authentication.log_in("dora@example.org", PASSWORD, HOME)).user.role == "admin"


@pytest.mark.parametrize("email", ["bob@example.org", " BOB@example.org"])
async def test_create_admin_touches_no_account_that_there_is(people: People, email: str):
    with pytest.raises(AlreadyRegistered) as refused:
        await authentication.create_admin(email, "Somebody else", "another password")
    assert refused.value.message_key == "error.admin_exists"
    async with unit_of_work(writes=False) as session:
        actor = await auth.resolve(session, people.sessions["bob"].token)
        assert actor == people.bob
    assert (await authentication.log_in("bob@example.org", PASSWORD, HOME)).user.role == "user"


async def test_promoting_changes_the_role_and_ends_who_came_in_before(people: People):
    async with unit_of_work() as session:
        link = await users.make_reset_link(session, people.alice, people.bob.user_id)
    made = await authentication.promote("BOB@example.org")
    assert (made.id, made.username, made.role) == (people.bob.user_id, "bob", "admin")
    async with unit_of_work(writes=False) as session:
        assert await auth.resolve(session, people.sessions["bob"].token) is None
        with pytest.raises(NotFound):
            await invitations.look(session, link.path.partition("#")[2], "reset")
    assert (await authentication.log_in("bob@example.org", PASSWORD, HOME)).user.role == "admin"


async def test_promoting_lets_a_disabled_account_in_again(people: People):
    async with unit_of_work() as session:
        (await session.get(User, people.bob.user_id)).is_active = False
    await authentication.promote("bob@example.org")
    assert (await authentication.log_in("bob@example.org", PASSWORD, HOME)).user.role == "admin"


async def test_another_password_from_the_command_line_signs_out_everywhere(people: People):
    await authentication.reset_password("bob@example.org", "another password")
    async with unit_of_work(writes=False) as session:
        assert await auth.resolve(session, people.sessions["bob"].token) is None
    with pytest.raises(InvalidCredentials):
        await authentication.log_in("bob@example.org", PASSWORD, HOME)
    assert (
        await authentication.log_in("bob@example.org", "another password", HOME)
    ).user.role == "user"


async def test_who_has_no_account_is_neither_promoted_nor_given_a_password(people: People):
    for work in (
        authentication.promote("nobody@example.org"),
        authentication.reset_password("nobody@example.org", PASSWORD),
    ):
        with pytest.raises(NotFound):
            await work


async def test_sign_ins_and_failures_leave_log_rows_without_passwords(people: People):
    with pytest.raises(InvalidCredentials):
        await authentication.log_in("bob@example.org", "hunter2hunter2", HOME)
    async with unit_of_work(writes=False) as session:
        rows = list(await session.scalars(sa.select(MonitoringLog)))
    kinds = [row.log_type for row in rows]
    assert "sign_in.failed" in kinds
    assert kinds.count("account.registered") == 3
    assert all("hunter2" not in f"{row.message}{row.details}" for row in rows)


async def test_a_session_survives_a_rotation_of_the_secret_key(people: People, settings_env):
    old = "a-secret-for-tests-only-0123456789abcdef"
    settings_env("SECRET_KEY", f"a-newer-secret-0123456789-0123456789-abc,{old}")
    async with unit_of_work(writes=False) as session:
        actor = await auth.resolve(session, people.sessions["bob"].token)
    assert actor is not None
    assert auth.csrf_fits(actor.session_id, people.sessions["bob"].csrf_token)


async def gone(user: User, session: AsyncSession) -> None:
    await session.delete(user)


async def disabled(user: User, _: AsyncSession) -> None:
    user.is_active = False


async def reset(user: User, _: AsyncSession) -> None:
    user.password_hash = await passwords.hash_password("another password")


@pytest.mark.parametrize("happens", [gone, disabled, reset])
@pytest.mark.parametrize("word", [PASSWORD, "a typo"])
async def test_what_becomes_of_an_account_while_its_password_is_tried_counts(
    people: People, monkeypatch: pytest.MonkeyPatch, happens, word: str
):
    real = passwords.verify_password

    async def slow(
        password: str, hashed: str | None, asker: passwords.Asker
    ) -> tuple[bool, str | None]:
        found = await real(password, hashed, asker)
        async with unit_of_work() as session:
            await happens(await session.get(User, people.bob.user_id), session)
        return found

    monkeypatch.setattr(passwords, "verify_password", slow)
    with pytest.raises((InvalidCredentials, AccountDisabled)):
        await authentication.log_in("bob@example.org", word, HOME)
    async with unit_of_work(writes=False) as session:
        left = await session.get(User, people.bob.user_id)
        kinds = list(await session.scalars(sa.select(MonitoringLog.log_type)))
    assert (left is None) == (happens is gone)
    assert "sign_in.ok" not in kinds
