"""Somebody who is disabled, demoted or deleted on one worker while another one streams to them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.states.test_people import WHYS, Streaming, dismiss, promoted, run_of, until
from tests.workers.conftest import Pair, connections

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


@pytest.mark.parametrize("what", ["disable", "demote", "delete"])
async def test_who_streams_from_the_other_worker_is_out_as_well(pair: Pair, what: str) -> None:
    # The first account of this installation is bob's, so bob is its admin.
    admin, person = pair.bob, pair.two.register(f"erin-{what}")
    if what == "demote":
        person = promoted(pair.two, admin, person)
    async with AsyncExitStack() as stack:
        erin = Streaming(pair.two, person, stack)
        await erin.begin()
        await dismiss(pair.one, admin, person, what)
        await erin.is_out(f"?ended={WHYS[what]}")
        if what == "demote":
            assert run_of(pair.two, person, "running") == erin.run_id
            again = pair.two.log_in(person.name)
            pair.two.rest(again, "POST", f"/runs/{erin.run_id}/stop")
            return
        await erin.key_is_dead()
        await until(lambda: not run_of(pair.two, person, "running"))

        def upstreams() -> list[Any]:
            asked = [request for each in connections(pair.models_url) for request in each.requests]
            return [each for each in asked if "rate=30" in str(each.body) and each.ended is None]

        # The model is no longer asked for words that nobody will read.
        await until(lambda: not upstreams())
