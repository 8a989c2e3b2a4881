"""Where a model's server may be: whatever its name leads to is looked at before it is asked."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from llm_ui.errors import ProviderUnreachable
from llm_ui.wire.events import Timeouts
from llm_ui.wire.failures import reason_of
from llm_ui.wire.http import Call, Retry, fetch_json, make_client
from llm_ui.wire.transport import AioTransport
from tests.scripted import scripted_server

ONCE = Retry(attempts=1)


class Names(AbstractResolver):
    """A resolver to which one name leads anywhere."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                proto=0,
                flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
            )
            for each in self.addresses
        ]

    async def close(self) -> None:
        return


async def ask(url: str, *addresses: str) -> dict[str, object]:
    async with make_client(AioTransport(resolver=Names(*addresses))) as client:
        return await fetch_json(client, Call("GET", url), Timeouts(2, 2, 2, 2), ONCE)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fe80::1",
        "224.0.0.1",
    ],
)
async def test_a_name_that_leads_to_a_metadata_service_is_not_asked(address: str) -> None:
    """SSRF to metadata addresses, by the name of one."""
    with pytest.raises(ProviderUnreachable) as raised:
        await ask("http://metadata.example:8000/v1", address)
    assert reason_of(raised.value) == "metadata"


async def test_a_name_that_changes_its_mind_is_looked_at_each_time() -> None:
    """SSRF by DNS rebinding: what counts is where the connection goes."""
    async with scripted_server() as server:
        port = server.url.rpartition(":")[2]
        names = Names("127.0.0.1")
        async with make_client(AioTransport(resolver=names)) as client:
            url = f"http://model.example:{port}/v1/models"
            assert "data" in await fetch_json(client, Call("GET", url), Timeouts(), ONCE)
        names.addresses = ("169.254.169.254",)
        async with make_client(AioTransport(resolver=names)) as client:
            with pytest.raises(ProviderUnreachable):
                await fetch_json(client, Call("GET", url), Timeouts(2, 2, 2, 2), ONCE)
        assert names.asked == 2


async def test_of_several_addresses_only_those_that_fit_are_used() -> None:
    async with scripted_server() as server:
        port = server.url.rpartition(":")[2]
        url = f"http://box.local:{port}/v1/models"
        assert "data" in await ask(url, "fe80::1", "169.254.7.7", "127.0.0.1")


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"])
async def test_an_address_that_was_kept_before_is_not_asked_either(host: str) -> None:
    with pytest.raises(ProviderUnreachable) as raised:
        await ask(f"http://{host}/v1")
    assert reason_of(raised.value) == "metadata"
