"""The overview over REST."""

from tests.api.conftest import Caller

OVERVIEW = "/api/v1/admin/overview"


async def test_alice_reads_the_counts_of_her_installation(alice: Caller):
    answer = await alice.get(OVERVIEW)
    assert answer.status_code == 200
    assert answer.json()["users"] == 3


async def test_nobody_else_does(bob: Caller, charlie: Caller, visitor: Caller):
    assert (await visitor.get(OVERVIEW)).status_code == 401
    for outsider in (bob, charlie):
        answer = await outsider.get(OVERVIEW)
        assert answer.status_code == 403
        assert answer.json()["code"] == "not_allowed"
