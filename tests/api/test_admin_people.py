"""People and invitations over REST; the links that open accounts and set passwords."""

from __future__ import annotations

from llm_ui import auth
from tests.api.conftest import Caller, make_caller
from tests.conftest import PASSWORD, People

USERS = "/api/v1/admin/users"
INVITATIONS = "/api/v1/admin/invitations"
AUTH = "/api/v1/auth"


def token_of(path: str) -> str:
    return path.partition("#")[2]


async def test_alice_pages_through_the_people_and_reads_one(alice: Caller, people: People):
    answer = (await alice.get(USERS, params={"limit": 2})).json()
    assert [each["username"] for each in answer["items"]] == ["alice", "bob"]
    assert answer["total"] == 3
    rest = await alice.get(USERS, params={"limit": 2, "cursor": answer["next_cursor"]})
    assert [each["username"] for each in rest.json()["items"]] == ["charlie"]
    assert rest.json()["next_cursor"] is None
    found = (await alice.get(USERS, params={"q": "BOB", "role": "user"})).json()["items"]
    assert [each["email"] for each in found] == ["bob@example.org"]
    one = (await alice.get(f"{USERS}/{people.bob.user_id}")).json()
    assert one == found[0]
    assert "password" not in str(one)


async def test_what_cannot_be_asked_for_is_refused(alice: Caller, people: People):
    wrong = (
        {"sort": "password_hash"},
        {"role": "owner"},
        {"status": "x"},
        {"limit": 0},
        {"limit": 10_000},
        {"cursor": "nonsense"},
        {"active_days": 10**9},
    )
    for params in wrong:
        assert (await alice.get(USERS, params=params)).status_code == 422, params
    assert (await alice.get(f"{USERS}/nobody")).status_code == 404
    bob = f"{USERS}/{people.bob.user_id}"
    for body in ({"role": "owner"}, {"username": ""}, {"is_active": "maybe"}):
        assert (await alice.patch(bob, json=body)).status_code == 422, body


async def test_nobody_else_manages_people(
    bob: Caller, charlie: Caller, visitor: Caller, people: People
):
    somebody = f"{USERS}/{people.bob.user_id}"
    calls = (
        ("GET", USERS, None),
        ("POST", USERS, {"email": "dora@example.org", "username": "Dora"}),
        ("GET", somebody, None),
        ("PATCH", somebody, {"role": "admin"}),
        ("DELETE", somebody, {"email": "bob@example.org"}),
        ("POST", f"{somebody}/reset-link", None),
        ("GET", INVITATIONS, None),
        ("POST", INVITATIONS, {"role": "admin"}),
        ("DELETE", f"{INVITATIONS}/x", None),
    )
    for verb, path, body in calls:
        assert (await visitor.request(verb, path, json=body)).status_code == 401, (verb, path)
        for outsider in (bob, charlie):
            answer = await outsider.request(verb, path, json=body)
            assert answer.status_code == 403, (verb, path)
            assert answer.json()["code"] == "not_allowed"


async def test_changes_need_the_csrf_token(alice: Caller, people: People):
    del alice.headers[auth.CSRF_HEADER]
    bob = f"{USERS}/{people.bob.user_id}"
    for verb, path, body in (
        ("PATCH", bob, {"role": "admin"}),
        ("DELETE", bob, {"email": "bob@example.org"}),
        ("POST", f"{bob}/reset-link", None),
        ("POST", INVITATIONS, {}),
    ):
        answer = await alice.request(verb, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")


async def test_a_disabled_persons_cookie_opens_nothing_and_alice_lets_them_in_again(
    alice: Caller, bob: Caller, people: People
):
    path = f"{USERS}/{people.bob.user_id}"
    assert (await alice.patch(path, json={"is_active": False})).json()["status"] == "disabled"
    assert (await bob.get(f"{AUTH}/me")).status_code == 401
    assert (await alice.patch(path, json={"is_active": True})).json()["status"] == "active"
    credentials = {"email": "bob@example.org", "password": PASSWORD}
    assert (await bob.post(f"{AUTH}/login", json=credentials)).status_code == 200


async def test_a_promoted_person_manages_and_a_demoted_one_no_longer(
    alice: Caller, bob: Caller, people: People
):
    path = f"{USERS}/{people.bob.user_id}"
    await alice.patch(path, json={"role": "admin"})
    # What was opened before does not become an administrator's.
    assert (await bob.get(USERS)).status_code == 401
    credentials = {"email": "bob@example.org", "password": PASSWORD}
    assert (await bob.post(f"{AUTH}/login", json=credentials)).status_code == 200
    assert (await bob.get(USERS)).status_code == 200
    await alice.patch(path, json={"role": "user"})
    assert (await bob.get(USERS)).status_code == 401
    me = await alice.patch(f"{USERS}/{people.alice.user_id}", json={"role": "user"})
    assert (me.status_code, me.json()["code"]) == (409, "conflict")


async def test_an_invitation_is_looked_at_and_taken_up(alice: Caller, visitor: Caller):
    made = await alice.post(INVITATIONS, json={"email": "dora@example.org", "days": 1})
    assert made.status_code == 201
    token = token_of(made.json()["link"]["path"])
    (listed,) = (await alice.get(INVITATIONS)).json()["items"]
    assert listed == made.json()["invitation"]
    assert token not in str(listed)
    seen = await visitor.post(f"{AUTH}/invitation", json={"token": token})
    assert seen.json()["email"] == "dora@example.org"
    joining = {"token": token, "username": "Dora", "password": PASSWORD}
    answer = await visitor.post(f"{AUTH}/invitation/accept", json=joining)
    assert answer.status_code == 201
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert (await visitor.get(f"{AUTH}/me")).json()["user"]["email"] == "dora@example.org"
    again = await visitor.post(f"{AUTH}/invitation/accept", json=joining)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert (await alice.get(INVITATIONS)).json()["items"] == []


async def test_a_withdrawn_invitation_opens_nothing(alice: Caller, visitor: Caller):
    made = (await alice.post(INVITATIONS, json={})).json()
    path = f"{INVITATIONS}/{made['invitation']['id']}"
    assert (await alice.delete(path)).status_code == 204
    assert (await alice.delete(path)).status_code == 404
    body = {"token": token_of(made["link"]["path"])}
    assert (await visitor.post(f"{AUTH}/invitation", json=body)).status_code == 404


async def test_an_account_is_made_and_its_owner_sets_the_password(alice: Caller, visitor: Caller):
    made = await alice.post(USERS, json={"email": "dora@example.org", "username": "Dora"})
    assert made.status_code == 201
    assert made.json()["user"]["status"] == "waiting"
    body = {"token": token_of(made.json()["link"]["path"])}
    seen = (await visitor.post(f"{AUTH}/reset", json=body)).json()
    assert (seen["username"], seen["email"]) == ("Dora", "dora@example.org")
    short = await visitor.post(f"{AUTH}/reset/accept", json=body | {"password": "x"})
    assert (short.status_code, short.json()["field"]) == (422, "password")
    answer = await visitor.post(f"{AUTH}/reset/accept", json=body | {"password": PASSWORD})
    assert answer.status_code == 200
    assert (await visitor.get(f"{AUTH}/me")).status_code == 200
    twice = await alice.post(USERS, json={"email": "dora@example.org", "username": "Dora"})
    assert twice.status_code == 409


async def test_another_sites_page_cannot_use_a_link(
    alice: Caller, bob: Caller, visitor: Caller, people: People
):
    link = (await alice.post(f"{USERS}/{people.bob.user_id}/reset-link")).json()
    body = {"token": token_of(link["path"]), "password": "another password"}
    evil = {"Origin": "https://evil.example"}
    assert (await visitor.post(f"{AUTH}/reset/accept", json=body, headers=evil)).status_code == 403
    assert (await bob.get(f"{AUTH}/me")).status_code == 200


async def test_a_reset_signs_the_person_out_elsewhere(
    alice: Caller, bob: Caller, visitor: Caller, people: People
):
    link = (await alice.post(f"{USERS}/{people.bob.user_id}/reset-link")).json()
    body = {"token": token_of(link["path"]), "password": "another password"}
    assert (await visitor.post(f"{AUTH}/reset/accept", json=body)).status_code == 200
    assert (await bob.get(f"{AUTH}/me")).status_code == 401
    assert (await visitor.get(f"{AUTH}/me")).json()["user"]["username"] == "bob"


async def test_deleting_needs_the_e_mail_and_hands_over(alice: Caller, people: People):
    bob = f"{USERS}/{people.bob.user_id}"
    wrong = await alice.post(f"{bob}/delete", json={"email": "x@example.org"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "email")
    body = {"email": "bob@example.org", "hand_over_to": "nobody"}
    assert (await alice.post(f"{bob}/delete", json=body)).status_code == 422
    body["hand_over_to"] = people.charlie.user_id
    assert (await alice.post(f"{bob}/delete", json=body)).status_code == 204
    assert (await alice.get(bob)).status_code == 404


async def test_anybody_is_told_who_may_register(visitor: Caller, people: People, settings_env):
    told = (await visitor.get(f"{AUTH}/registration")).json()
    assert told == {"is_new": False, "registration": "open", "domains": "", "needs_token": False}
    settings_env("REGISTRATION", "invite")
    assert (await visitor.get(f"{AUTH}/registration")).json()["registration"] == "invite"
    account = {"email": "dora@example.org", "username": "Dora", "password": PASSWORD}
    refused = await visitor.post(
        f"{AUTH}/register", json=account, headers={"Accept-Language": "de"}
    )
    assert refused.status_code == 403
    assert "Einladung" in refused.json()["detail"]


async def test_two_browsers_of_a_demoted_admin_are_both_out(alice: Caller, people: People):
    path = f"{USERS}/{people.bob.user_id}"
    await alice.patch(path, json={"role": "admin"})
    credentials = {"email": "bob@example.org", "password": PASSWORD}
    async with make_caller(people, "bob") as one, make_caller() as other:
        await other.post(f"{AUTH}/login", json=credentials)
        await alice.patch(path, json={"role": "user"})
        for browser in (one, other):
            assert (await browser.get(USERS)).status_code == 401
