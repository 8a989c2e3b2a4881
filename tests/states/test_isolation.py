"""Every event handler and every page, for everybody: found by itself, so that none can be
forgotten. What each may do stands in handlers.py.

Covers these classes of docs/security.md: foreign chat id in completions, stream id not
owner-checked, stop or list other people's tasks, file by foreign id, child id under another
parent, unknown names passing a prefix allow-list, stale role on an open socket.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import httpx
import pytest
import reflex as rx
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import CONFIRMED_FOR, require_confirmed
from llm_ui.models import AuthSession
from llm_ui.models.base import now
from llm_ui.services.catalogue.providers import TYPES_MADE
from llm_ui.states.socket.access import access_of
from llm_ui.states.socket.password_confirmation import ask_password
from tests.api import stock
from tests.conftest import fresh_postgres, migrate
from tests.sources import places
from tests.states.client import AUTH, CHAT, COOKIE, MODEL_CHOICE, ROOT, Tab
from tests.states.digest import digest, everything, of_person
from tests.states.handlers import LINES, OWNED, PAGE_LINES, Line, coming_to, registered
from tests.states.served import Person, Server, serve
from tests.states.test_access import arguments, deltas, handlers, refusals, unhandled
from tests.workers.conftest import until_known

T = TypeVar("T")
MALFORMED = ("", "x", "%", "*", "\x00", "\u202e🙂", "' OR 1=1 --", "../x", "x" * 9000)
# They say the same of what is there: what comes of it shows later or elsewhere, or they are
# about what a page has open.
SAYS_NOTHING = {
    "AIModelState.add_reader",
    "AIModelState.drop_reader",
    "AIModelState.pick",
    "AIProviderState.sync_provider",
    "AIProviderState.test_saved",
    "FollowingState.follow_answer",
    "RefreshState.catch_up",
}
# What runs beside the tab's other events tells its news when it is done, which may be later than
# the answer to the next event.
BESIDE = {
    "AIModelState.remove_model",
    "AIProviderState.delete_provider",
    "OllamaState.delete_model",
    "OllamaState.open_installed_models",
}
# Keep what the page says, for the next question, which looks who owns it.
ECHOES = {"ChatFilesState.attach_files"}
UNTOLD = SAYS_NOTHING | ECHOES
# Arguments without which nothing would come of a call.
MEANT = {"PeopleState.ask": {"what": "disable"}, "AIModelState.move_model": {"way": "top"}}
# Here no id at all stands for something: none, all, the model of the chat.
NONE_IS_A_CHOICE = {
    "AccountState.choose_prompt",
    "HistoryState.move_picked",
    "RefreshState.catch_up",
    "SidebarState.move_chat",
}
# How long ago somebody typed their password once more, and how the page is told to ask for it.
PRESENT = CONFIRMED_FOR - timedelta(minutes=1)
AGOS = {"absent": None, "expired": CONFIRMED_FOR + timedelta(seconds=1), "present": PRESENT}
SECRET = ["secret", "confirm-password"]
TAKES_AWAY = ("end_", "remove", "revoke", "delete")


# --- people on a server of their own: these sweeps fill its log and change its settings -------


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models_url: str
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(f"handlers-{request.param}")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "llm_ui.db")
        url = f"sqlite:///{folder / 'llm_ui.db'}"
    else:
        url = fresh_postgres(request.getfixturevalue("postgres_server"), "handlers")
        migrate(url)
    with serve(folder, url, models_url) as running:
        running.register("alice")
        until_known(running)
        yield running


@pytest.fixture(autouse=True)
def settings_as_they_were(request: pytest.FixtureRequest) -> Iterator[None]:
    """Who calls every handler of an administrator also says who may register."""
    yield
    if "server" in request.fixturenames:
        # The application puts its own mark back at any moment, in the midst of another test.
        statement = "DELETE FROM setting WHERE key <> :kept"
        request.getfixturevalue("server").execute(statement, kept=TYPES_MADE)


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    return server.log_in("alice")


@pytest.fixture(scope="module")
def bob(server: Server) -> Person:
    return server.register("bob")


@pytest.fixture(scope="module")
def charlie(server: Server) -> Person:
    return server.register("charlie")


# --- the table ------------------------------------------------------------------------------


def test_the_table_has_a_line_for_every_handler_and_no_other() -> None:
    found = registered()
    lines = "\n".join(
        f"{name:<40}{access_of(found[name][1])}" for name in sorted(set(found) - set(LINES))
    )
    assert not lines, f"these lack a line in tests/states/handlers.py:\n{lines}"
    assert sorted(set(LINES) - set(found)) == []
    for line in LINES.values():
        fn = found[line.name][1]
        assert access_of(fn) == line.who, line.name
        assert set(line.names) <= set(arguments(fn)), line.name


def test_arguments_that_end_in_id_say_what_they_name() -> None:
    for name, (_, fn) in registered().items():
        named = {each for each in arguments(fn) if each.endswith(("_id", "_ids"))}
        assert named <= set(LINES[name].names), name


# --- playing a line -------------------------------------------------------------------------


def in_a_loop_of_its_own(work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; a fixture of a module has no loop yet."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@dataclass
class Owner:
    """Somebody with one of everything, each bearing the same word that nobody can guess."""

    person: Person
    mark: str
    things: dict[str, list[str]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[str]:
        """Ids of things that belong to people must be there; others may be."""
        kind = kind.strip("[],")
        return self.things[kind] if kind in OWNED else self.things.get(kind, [stock.MISSING])

    def id_of(self, kind: str) -> str:
        return self.of_kind(kind)[0]


def said(line: Line, kind: str, value: str) -> bool:
    """Whether a value is an id, if of nothing: an empty one may be a choice, and in a list
    one that is too long is told to be no id."""
    if "[" in kind and len(value) > 64:
        return False
    return bool(value) or line.name not in NONE_IS_A_CHOICE


def told(kind: str, value: str) -> str:
    """An id as an argument of this kind takes it."""
    return json.dumps([value]) if kind.startswith("[") else value


def caller(server: Server, person: Person) -> httpx.AsyncClient:
    headers = {"Cookie": f"{COOKIE}={person.cookie}", "X-CSRF-Token": person.csrf}
    return httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)


async def equipped(server: Server, person: Person) -> Owner:
    """Give somebody one of everything."""
    mark = f"w{secrets.token_hex(8)}"
    server.log_in(person.name)
    async with caller(server, person) as client:
        ids = await stock.belongings(client, mark)
        chat = (await client.get(f"/api/v1/chats/{ids['chat_id']}")).json()
        # What goes on by itself is over: from here on nothing changes unless somebody does it.
        await stock.until(client, f"/files/{ids['file_id']}", lambda it: it["status"] != "waiting")
        await stock.until(client, f"/jobs/{ids['job_id']}", lambda it: it["status"] == "done")
        messages = [each["id"] for each in reversed(chat["messages"])]
    things = {name.removesuffix("_id"): [value] for name, value in ids.items()}
    things |= {"message": messages, "browser": things.pop("session")}
    return Owner(person, mark, things)


@pytest.fixture(scope="module")
def bobs(server: Server, bob: Person) -> Owner:
    """Bob, with one of everything."""
    return in_a_loop_of_its_own(equipped(server, bob))


async def heard(tab: Tab, line: Line, payload: dict[str, Any]) -> list[str]:
    """What a call leads to, but for the hydrate that ends it, and for the ids that it told."""
    since = tab.frame_count
    await tab.send(registered()[line.name][0], payload)
    await tab.settle()
    # "2" is the socket's own ping, which comes when ten seconds have passed.
    frames = "\n".join(
        each for each in tab.frames[since:] if each != "2" and "is_hydrated" not in each
    )
    for value in payload.values():
        if isinstance(value, str) and len(value) > 30:
            frames = frames.replace(value, "ID")
    return frames.splitlines()


def fitting(line: Line, owner: Owner | None = None) -> dict[str, Any]:
    """Arguments that fit: where they name something, what is missing or is this person's."""
    given = arguments(registered()[line.name][1]) | MEANT.get(line.name, {})
    for name, kind in line.names.items():
        given[name] = told(kind, owner.id_of(kind) if owner else stock.MISSING)
    return given


def ends_last(line: Line) -> tuple[int, int]:
    """What takes things away comes behind what needs them, a part before the whole."""
    verb = line.name.partition(".")[2]
    rank = next((n for n, each in enumerate(TAKES_AWAY, 1) if verb.startswith(each)), 0)
    return rank, -len(line.names)


def signed_in_lines() -> list[Line]:
    return [line for line in LINES.values() if line.who == "user"]


def typed(server: Server, person: Person, ago: timedelta | None) -> None:
    """When somebody last typed their password once more."""
    theirs = sa.update(AuthSession).where(col(AuthSession.user_id) == person.id)
    with server.database.begin() as connection:
        connection.execute(theirs.values(confirmed_at=None if ago is None else now() - ago))


# --- what is somebody else's ------------------------------------------------------------------


@pytest.mark.parametrize("who", ["an outsider", "an administrator"])
async def test_what_is_bobs_looks_missing_to_everybody_else(
    server: Server, bobs: Owner, somebody: Callable[[], Person], who: str
) -> None:
    """Whatever is called with bob's ids does what it does with ids that stand for nothing;
    nothing of bob's changes, and nothing of it comes over the socket."""
    person = somebody()
    if who == "an administrator":
        make_admin(server, person)
    own = await equipped(server, person)
    before = digest(of_person(everything(server.database), bobs.person.id))
    errors = unhandled(server)
    async with server.tab(person) as tab:
        await tab.open("/chat")
        await tab.settle()
        for line in signed_in_lines():
            if line.name in ECHOES:
                continue
            for name, kind in line.owned.items():
                # Beside things of one's own, and beside nothing.
                for rest in (fitting(line, own), fitting(line)):
                    missing = await heard(tab, line, rest | {name: told(kind, stock.MISSING)})
                    for value in (*bobs.of_kind(kind), *MALFORMED):
                        if said(line, kind, value):
                            got = await heard(tab, line, rest | {name: told(kind, value)})
                            assert got == missing, (line.name, name, value)
        for line in signed_in_lines():
            await heard(tab, line, fitting(line, bobs))
        await asyncio.sleep(0.3)
        assert bobs.mark not in tab.everything
        assert tab.is_open
    assert digest(of_person(everything(server.database), bobs.person.id)) == before
    assert unhandled(server) == errors


def make_admin(server: Server, person: Person) -> None:
    server.execute("UPDATE \"user\" SET role = 'admin' WHERE id = :user", user=person.id)


@pytest.mark.parametrize("ago", AGOS.values(), ids=AGOS)
async def test_who_owns_it_gets_something_else_than_what_is_missing_gives(
    server: Server, somebody: Callable[[], Person], ago: timedelta | None
) -> None:
    """So that the same reaction to bob's things and to nothing says something; and it is one's
    own whenever the password was typed."""
    person = somebody()
    own, errors = await equipped(server, person), unhandled(server)
    typed(server, person, ago)
    lines = [line for line in signed_in_lines() if line.owned and line.name not in UNTOLD]
    lines.sort(key=ends_last)
    async with server.tab(person) as tab:
        for page in ("/history", f"/projects/{own.id_of('project')}"):
            await tab.open(page)
            await tab.settle()
        for line in lines:
            missing = await heard(tab, line, fitting(line))
            (first, kind), *_ = line.owned.items()
            payloads = [
                fitting(line, own) | {first: told(kind, value)} for value in own.of_kind(kind)
            ]
            assert any([await heard(tab, line, each) != missing for each in payloads]), line.name
    assert unhandled(server) == errors


# --- who may not ------------------------------------------------------------------------------


async def refused(tab: Tab, name: str, line: Line, payload: dict[str, Any], to: str) -> None:
    """The call leads to another page and to nothing else."""
    since, seen = tab.frame_count, len(tab.redirects)
    await tab.send(name, payload)
    await tab.until(lambda: len(tab.redirects) > seen)
    assert tab.redirects[-1].startswith(to), line.name
    assert not deltas(tab, since), line.name


@pytest.mark.parametrize("who", ["a visitor", "somebody disabled meanwhile"])
async def test_who_is_not_signed_in_is_sent_to_the_sign_in_page_by_every_handler(
    server: Server, bobs: Owner, somebody: Callable[[], Person], who: str
) -> None:
    """A stale role on an open socket: also if another worker has ended the account, so that
    nobody has closed the socket."""
    found = registered()
    person = somebody() if who != "a visitor" else None
    own = await equipped(server, person) if person else bobs
    async with server.tab(person) as tab:
        await tab.open("/chat" if person else "/login")
        await tab.settle()
        if person:
            server.execute('UPDATE "user" SET is_active = false WHERE id = :user', user=person.id)
            await tab.call(AUTH, "require_user")
            await tab.until(lambda: tab.redirects)
        before, since = digest(everything(server.database)), tab.frame_count
        for line in LINES.values():
            if line.who != "public":
                fits = fitting(line, own if line.who == "user" else None)
                await refused(tab, found[line.name][0], line, fits, "/login")
        await tab.call(AUTH, "require_guest")
        await tab.settle()
        assert tab.vars(AUTH)["username"] == ""
        assert own.mark not in "\n".join(tab.frames[since:])
    assert digest(everything(server.database)) == before


@pytest.mark.parametrize("who", ["an outsider", "an administrator demoted meanwhile"])
async def test_who_is_no_administrator_is_led_away_by_every_handler_of_theirs(
    server: Server, somebody: Callable[[], Person], who: str
) -> None:
    """A stale role on an open socket, a route without the create route's check."""
    found, person = registered(), somebody()
    demoted = who != "an outsider"
    if demoted:
        make_admin(server, person)
    async with server.tab(person) as tab:
        await tab.open("/admin" if demoted else "/chat")
        await tab.settle()
        server.execute("UPDATE \"user\" SET role = 'user' WHERE id = :user", user=person.id)
        before = digest(everything(server.database))
        for line in LINES.values():
            if line.who == "admin":
                await refused(tab, found[line.name][0], line, fitting(line), "/chat")
        await tab.call(MODEL_CHOICE, "refresh_models")
        await tab.settle()
        assert tab.is_open
    assert digest(everything(server.database)) == before


@pytest.mark.parametrize("ago", AGOS.values(), ids=AGOS)
async def test_an_administrator_is_let_in_everywhere_and_nothing_breaks(
    server: Server, somebody: Callable[[], Person], ago: timedelta | None
) -> None:
    person = somebody()
    make_admin(server, person)
    typed(server, person, ago)
    errors = unhandled(server)
    async with caller(server, person) as client:
        ids = await stock.belongings(client) | await stock.charge(client, person.name)
    ids["person_id"] = ids["user_id"]
    lines = [line for line in LINES.values() if line.who == "admin"]
    lines.sort(key=ends_last)
    silent: list[str] = []
    async with server.tab(person) as tab:
        await tab.open("/admin")
        await tab.settle()
        for line in lines:
            given = fitting(line)
            for name in line.names:
                for value in MALFORMED:
                    await heard(tab, line, given | {name: value})
            missing = await heard(tab, line, given)
            real = {name: ids.get(f"{kind}_id", "") for name, kind in line.names.items()}
            if real and all(real.values()):
                found = await heard(tab, line, given | real)
                if found == missing and line.name not in SAYS_NOTHING | BESIDE:
                    silent.append(line.name)
        assert silent == []
        assert tab.is_open
        assert not [each for each in tab.redirects if each != "/chat"]
    assert not [each for each in refusals(server, person) if "not an admin" in each]
    assert unhandled(server) == errors


# --- the password once more ---------------------------------------------------------------------

# What reaches far, and what is asked about before it. Things stand in braces.
FAR: dict[str, dict[str, Any]] = {
    "JobsState.take_backup": {"name": "{backup}"},
    "JobsState.delete_backup": {},
    "JobsState.set_backups_kept": {"count": "1"},
    "KeysState.create_key": {"name": "Job", "scope": "admin", "days": "30"},
    "KeysState.rotate_key": {"key_id": "{key}"},
    "MonitoringState.keep_days": {"days": "1"},
    "PeopleState.invite": {"email": "", "role": "admin", "days": "7"},
    "PeopleState.create": {"email": "new@example.org", "username": "Newcomer", "role": "admin"},
    "PeopleState.do_asked": {},
    "PeopleState.enable": {"user_id": "{disabled}"},
    "PeopleState.make_reset_link": {"user_id": "{other}"},
    "PeopleState.delete_person": {"email": "{email}", "keeps": False, "heir": ""},
}
BEFORE: dict[str, tuple[str, dict[str, Any]]] = {
    "JobsState.delete_backup": ("JobsState.ask_to_delete", {"name": "{backup}"}),
    "PeopleState.do_asked": ("PeopleState.ask", {"user_id": "{person}", "what": "promote"}),
    "PeopleState.delete_person": ("PeopleState.ask_to_delete", {"user_id": "{person}"}),
}


def named(given: dict[str, Any], things: dict[str, str]) -> dict[str, Any]:
    """Arguments with the things in the place of what stands in braces."""
    return {
        name: value.format(**things) if isinstance(value, str) else value
        for name, value in given.items()
    }


def test_what_asks_for_the_password_is_declared_and_played() -> None:
    declared = {line.name for line in LINES.values() if line.asks}
    found, functions = coming_to(require_confirmed), registered()
    assert set(found) == set(FAR) == declared
    of_pages = {each for each in places(require_confirmed) if not each.startswith("llm_ui.api.")}
    assert set().union(*found.values()) == of_pages
    # It is the handlers' decorator that asks, and nothing else.
    (asking,) = places(ask_password)
    by = {functions[name][1].__code__.co_qualname.partition(".")[0] for name in declared}
    assert by == {asking.rpartition(".")[2]}


async def far_things(server: Server, person: Person, others: list[Person]) -> dict[str, str]:
    """A backup, a key that administers, two administrators beside this one, somebody else."""
    other, disabled, plain = others
    for each in (other, disabled):
        make_admin(server, each)
    server.execute('UPDATE "user" SET is_active = false WHERE id = :user', user=disabled.id)
    async with caller(server, person) as client:
        wanted = {"key_name": "Old", "scopes": ["admin"], "days": 30}
        key = await client.post("/api/v1/keys", json=wanted)
        job = await client.post("/api/v1/admin/jobs", json={"job_type": "backup"})
        over = f"/admin/jobs/{job.json()['id']}"
        await stock.until(client, over, lambda it: it["status"] == "done")
        backups = (await client.get("/api/v1/admin/backups")).json()["items"]
    return {
        "backup": backups[0]["name"],
        "key": key.json()["item"]["id"],
        "other": other.id,
        "disabled": disabled.id,
        "person": plain.id,
        "email": f"{plain.name}@example.org",
    }


async def test_what_reaches_far_waits_for_a_password_that_is_fresh(
    server: Server, somebody: Callable[[], Person]
) -> None:
    """A key that makes better credentials: with none, or one of too long ago, the dialog opens and
    nothing changes."""
    found, person = registered(), somebody()
    make_admin(server, person)
    things = await far_things(server, person, [somebody(), somebody(), somebody()])
    async with server.tab(person) as tab:
        await tab.open("/admin/people")
        await tab.settle()

        async def called(name: str, given: dict[str, Any]) -> list[list[str]]:
            before = len(tab.calls)
            await tab.send(found[name][0], named(given, things))
            await tab.settle()
            return tab.calls[before:]

        def standing() -> tuple[Any, ...]:
            backups = server.rest(person, "GET", "/admin/backups").json()
            return digest(everything(server.database)), backups

        for name, given in FAR.items():
            for ago in AGOS.values():
                typed(server, person, ago)
                if name in BEFORE:
                    await called(*BEFORE[name])
                before = standing()
                calls = await called(name, given)
                is_done = standing() != before or "take" in [each[0] for each in calls]
                assert (SECRET in calls, is_done) == (ago != PRESENT, ago == PRESENT), (name, ago)
        assert not tab.redirects
    server.execute("DELETE FROM userlink WHERE created_by = :user", user=person.id)
    server.execute("DELETE FROM setting WHERE key IN ('backups_kept', 'log_days')")


@pytest.mark.parametrize("who", ["a visitor", "an outsider", "demoted", "disabled"])
async def test_to_whom_it_is_closed_the_password_opens_nothing_either(
    server: Server, alice: Person, somebody: Callable[[], Person], who: str
) -> None:
    """A stale role on an open socket, also of somebody who has just typed their password."""
    things = await far_things(server, alice, [somebody(), somebody(), somebody()])
    found, person = registered(), None if who == "a visitor" else somebody()
    if person and who == "demoted":
        make_admin(server, person)
    async with server.tab(person) as tab:
        await tab.open("/chat" if person else "/login")
        await tab.settle()
        if person and who != "an outsider":
            changed = "is_active = false" if who == "disabled" else "role = 'user'"
            server.execute(f'UPDATE "user" SET {changed} WHERE id = :user', user=person.id)
        for ago in AGOS.values():
            if person:
                typed(server, person, ago)
            before = digest(everything(server.database))
            for called in (*BEFORE.values(), *FAR.items()):
                await tab.send(found[called[0]][0], named(called[1], things))
                await tab.settle()
            assert digest(everything(server.database)) == before, ago
            assert not {"secret", "take", "hand"} & {each[0] for each in tab.calls}, ago


@pytest.mark.parametrize("ago", AGOS.values(), ids=AGOS)
@pytest.mark.parametrize("who", ["an outsider", "an administrator"])
async def test_nothing_else_opens_the_dialog(
    server: Server, somebody: Callable[[], Person], who: str, ago: timedelta | None
) -> None:
    errors, person = unhandled(server), somebody()
    own = await equipped(server, person)
    if who == "an administrator":
        make_admin(server, person)
    typed(server, person, ago)
    lines = sorted((line for line in LINES.values() if not line.asks), key=ends_last)
    async with server.tab(person) as tab:
        await tab.open("/chat")
        for line in lines:
            await tab.send(registered()[line.name][0], fitting(line, own))
            await tab.settle()
            assert SECRET not in tab.calls, line.name
    assert unhandled(server) == errors


# --- forged -----------------------------------------------------------------------------------

# Of the right type, and nothing that anybody would send; as they stand in JSON.
ODD: dict[type, tuple[str, ...]] = {
    str: (
        '""',
        r'"\u0000"',
        r'"\ud800"',
        json.dumps("x" * 100_000),
        r'"%\u202e\ud83d\ude42"',
        json.dumps("[" * 500 + "]" * 500),
        '"-1"',
        '"NaN"',
        '"0001-01-01"',
        '"9999999999999999999"',
    ),
    int: ("-1", "0", "9223372036854775808", "9" * 400, "-" + "9" * 20),
    bool: ("true", "false"),
    float: ("-1", "1e999", "NaN", "-Infinity"),
}
WRONG = ("null", "[]", '{"a":{"b":[{}]}}', "1.5")


def forged(fits: dict[str, Any]) -> Iterator[str]:
    """Payloads as JSON: each argument odd or wrong in turn, one too few, one too many."""

    def told_with(name: str, value: str) -> str:
        members = {each: json.dumps(given) for each, given in fits.items()} | {name: value}
        return "{" + ",".join(f"{json.dumps(each)}:{text}" for each, text in members.items()) + "}"

    for name, given in fits.items():
        for value in (*ODD[type(given)], *WRONG):
            yield told_with(name, value)
        yield json.dumps({each: value for each, value in fits.items() if each != name})
    yield told_with("self", "1")
    yield told_with("__class__", '"x"')


async def test_forged_arguments_break_nothing(
    server: Server, somebody: Callable[[], Person]
) -> None:
    """A missing or wrong body killing the process: every handler, as an administrator, so
    that all of them are reached."""
    found, errors, began = registered(), unhandled(server), len(server.log())
    person = somebody()
    make_admin(server, person)
    async with server.tab(person) as tab:
        await tab.open("/chat")
        for line in LINES.values():
            name, fn = found[line.name]
            for payload in forged(arguments(fn)):
                event = f'{{"name":"{name}","payload":{payload}}}'
                if not tab.is_open:
                    await tab.connect()
                await tab.send_raw(f'42/_event,["event",{event}]')
            if tab.is_open:
                await tab.settle()
            assert unhandled(server) == errors, line.name
    assert "Traceback" not in server.log()[began:]


def forged_names() -> Iterator[str]:
    """Everything that the states have and that is no handler: private and dunder methods,
    vars, what Reflex gives each state; and each handler below another state."""
    from llm_ui.llm_ui import app

    with app.set_contexts():
        states, waiting = [], [rx.State]
        while waiting:
            state = waiting.pop()
            waiting += [each for each in state.get_substates() if "tests___" not in str(each)]
            states.append(state)
        callable_names = set(handlers())
        for state in states:
            inherited = dir(state) if state is rx.State else vars(state)
            for name in inherited:
                yield f"{state.get_full_name()}.{name}"
                yield f"{state.get_full_name()}.set_{name}"
        for name in callable_names:
            yield f"{ROOT}.{name.rpartition('.')[2]}"
            yield f"{CHAT}.{name.rpartition('.')[2]}"
            yield f"{name}.fn"


async def test_what_is_no_handler_cannot_be_called(
    server: Server, somebody: Callable[[], Person]
) -> None:
    """Unknown names passing a prefix allow-list."""
    known, person, errors = set(handlers()), somebody(), unhandled(server)
    make_admin(server, person)
    async with server.tab(person) as tab:
        await tab.open("/chat")
        await tab.settle()
        since, before = tab.frame_count, digest(everything(server.database))
        for name in sorted(set(forged_names()) - known):
            await tab.send(name, {})
        await tab.settle()
        assert not deltas(tab, since)
        assert tab.is_open
    assert digest(everything(server.database)) == before
    assert unhandled(server) == errors


# --- pages ------------------------------------------------------------------------------------


def pages() -> dict[str, list[str]]:
    """Every registered page with its on_load handlers' names."""
    from llm_ui.llm_ui import app

    routes = app._unevaluated_pages
    return {
        "/" if route == "index" else f"/{route}": [
            each.fn.__name__ for each in app._load_events.get(route, [])
        ]
        for route in routes
    }


def test_every_page_has_a_line_and_begins_by_asking_who_it_is() -> None:
    begins = {"user": "require_user", "admin": "require_admin", "guest": "require_guest"}
    begins["setup"] = begins["guest"]
    found = pages()
    assert set(found) == set(PAGE_LINES)
    for route, on_load in found.items():
        assert (on_load or [""])[0] == begins.get(PAGE_LINES[route], ""), route


async def shown(server: Server, person: Person | None, path: str) -> Tab:
    """A tab that has shown this page."""
    tab = server.tab(person)
    await tab.connect()
    await tab.open(path)
    await tab.settle()
    await tab.close()
    return tab


@pytest.mark.parametrize(
    ("who", "ago"),
    [("a visitor", None), *itertools.product(("charlie", "alice"), AGOS.values())],
)
async def test_each_page_is_shown_to_whom_it_is_for(
    server: Server, alice: Person, charlie: Person, bobs: Owner, who: str, ago: timedelta | None
) -> None:
    """Whenever the password was typed: no page by itself asks for it."""
    person = {"charlie": charlie, "alice": alice}.get(who)
    if person:
        typed(server, person, ago)
    for route, for_whom in PAGE_LINES.items():
        path = route.replace("/[[chat_id]]", "").replace("[folder_id]", bobs.id_of("project"))
        tab = await shown(server, person, path)
        assert SECRET not in tab.calls, route
        if for_whom in ("user", "admin") and person is None:
            assert tab.redirects[0].startswith("/login"), route
        elif for_whom == "admin" and who == "charlie":
            assert tab.redirects[0] == "/chat", route
            assert not [name for name, each in tab.state.items() if each.get("loaded")], route
        elif for_whom in ("guest", "setup") and person is not None:
            assert tab.redirects == ["/chat"], route
        elif for_whom == "setup":
            assert tab.redirects == ["/login"], route
        elif "folder_id" in route:
            assert tab.redirects == ["/projects"], route
        else:
            assert tab.redirects == [], route
            assert for_whom in ("public", "guest") or tab.vars(AUTH)["username"] == who
        # An administrator sees what keys are called.
        assert bobs.mark not in tab.everything or (who, for_whom) == ("alice", "admin"), route
