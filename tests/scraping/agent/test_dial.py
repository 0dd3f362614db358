"""The one way out: what is judged is what is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hedgerow.core.secrets import Secret
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.guard import Lists, Patterns, Policy
from hedgerow.scraping.linkevents import CutCode

LOOPBACK = Policy(Patterns.of(["127.0.0.0/8"]))
PLAIN = Way()


class Names:
    """A name server whose answers are given one after the other; the last one stays."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
        if host == "127.0.0.1":
            return [(socket.AF_INET, (host, port))]
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(socket.AF_INET, (address, port)) for address in answer.split(",")]


@asynccontextmanager
async def target(answer: bytes = b"hello") -> AsyncIterator[int]:
    """Answers to whoever has sent a line; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline():
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def ask(connected: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connected, b"\n")
    answer = await loop.sock_recv(connected, 100)
    connected.close()
    return answer


async def refusal(dialer: Dialer, host: str, port: int = 80, way: Way = PLAIN) -> DialError:
    with pytest.raises(DialError) as caught:
        (await dialer.open(host, port, way)).close()
    return caught.value


async def test_an_allowed_target_is_connected_to() -> None:
    async with target() as port:
        assert await ask(await Dialer(LOOPBACK).open("127.0.0.1", port, PLAIN)) == b"hello"


@pytest.mark.parametrize("answer", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
async def test_a_public_name_that_resolves_inward_is_refused(answer) -> None:
    error = await refusal(Dialer(Policy(), Names(answer)), "rebind.example")
    assert error.code is CutCode.REFUSED
    assert "address" in error.detail


async def test_a_name_is_resolved_once_so_a_second_answer_cannot_lead_inward() -> None:
    async with target() as port:
        names = Names("127.0.0.1", "127.0.0.2")
        dialer = Dialer(Policy(Patterns.of(["127.0.0.1"])), names)
        assert await ask(await dialer.open("rebind.example", port, PLAIN)) == b"hello"
        assert names.asked == 1
        assert (await refusal(dialer, "rebind.example", port)).code is CutCode.REFUSED


async def test_of_several_addresses_only_allowed_ones_are_tried() -> None:
    async with target() as port:
        dialer = Dialer(Policy(Patterns.of(["127.0.0.1"])), Names("127.0.0.2,127.0.0.1"))
        assert await ask(await dialer.open("mixed.example", port, PLAIN)) == b"hello"


async def test_what_is_connected_to_is_judged_again() -> None:
    """The address that was judged is not the one that the system reports: the connection is given up."""
    async with target() as port:
        policy = Policy(Patterns.of(["127.0.0.1"]))

        class Turned(Dialer):
            seen = 0

            def _refusal(self, address, named, way):
                self.seen += 1
                return "moved" if self.seen == 2 else super()._refusal(address, named, way)

        assert (await refusal(Turned(policy), "127.0.0.1", port)).code is CutCode.REFUSED


async def test_the_lists_of_the_work_come_on_top() -> None:
    async with target() as port:
        error = await refusal(Dialer(LOOPBACK), "127.0.0.1", port, Way(Lists(deny=("127.0.0.1",))))
        assert "deny list" in error.detail


async def nothing(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    """Knows no name."""
    if host == "127.0.0.1":
        return [(socket.AF_INET, (host, port))]
    raise socket.gaierror(-2, "Name or service not known")


async def test_a_name_without_addresses_is_unreachable() -> None:
    error = await refusal(Dialer(Policy(), nothing), "nowhere.example")
    assert (error.code, "does not resolve" in error.detail) == (CutCode.UNREACHABLE, True)


async def test_a_target_that_does_not_answer_times_out() -> None:
    async def slow(host: str, port: int) -> list:
        await asyncio.sleep(60)
        return []

    error = await refusal(Dialer(Policy(), slow, connect_s=0.05), "slow.example")
    assert error.code is CutCode.TIMED_OUT


async def test_a_closed_port_is_unreachable() -> None:
    async with target() as port:
        pass
    assert (await refusal(Dialer(LOOPBACK), "127.0.0.1", port)).code is CutCode.UNREACHABLE


# --- upstream proxies ------------------------------------------------------------------------------------------


@asynccontextmanager
async def http_proxy(status: bytes = b"200 OK") -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers CONNECT and is then the target itself; its port and the heads it was sent."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        if status.startswith(b"2") and await reader.readline():
            writer.write(b"through")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()


FAR = Names("192.0.2.7")
OPEN = Policy(Patterns.of(["127.0.0.0/8", "192.0.2.0/24"]))


def through(port: int, lists: Lists = PLAIN.lists, user: str = "") -> Way:
    return Way(lists, Secret(f"http://{user}127.0.0.1:{port}"))


@pytest.fixture
def public_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's proxy counts as one of the public internet."""
    monkeypatch.setattr("hedgerow.scraping.agent.dial.address_rule", lambda address: None)


async def test_a_connection_goes_through_an_http_proxy_with_its_user() -> None:
    async with http_proxy() as (port, heads):
        way = through(port, user="us%40er:word@")
        assert await ask(await Dialer(OPEN, FAR).open("far.example", 443, way)) == b"through"
        assert b"Proxy-Authorization: Basic dXNAZXI6d29yZA==" in heads[0]


async def test_a_proxy_that_refuses_is_named_without_its_password() -> None:
    async with http_proxy(b"407 No") as (port, _):
        error = await refusal(Dialer(OPEN, FAR), "far.example", 443, through(port, user="u:geheim@"))
        assert "407" in error.detail
        assert "geheim" not in error.detail


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:3128", "socks5://[::1]:1080", "http://2130706433"])
async def test_a_proxy_is_a_target_like_any_other(proxy) -> None:
    error = await refusal(Dialer(Policy()), "8.8.8.8", 443, Way(proxy=Secret(proxy)))
    assert (error.code, "loopback" in error.detail) == (CutCode.REFUSED, True)


@pytest.mark.parametrize("lists", [Lists(allow=("far.example",)), Lists(deny=("127.0.0.0/8",))])
async def test_the_lists_of_the_work_judge_its_proxy_too(lists) -> None:
    async with http_proxy() as (port, heads):
        error = await refusal(Dialer(OPEN, FAR), "far.example", 443, through(port, lists))
        assert (error.code, error.detail.startswith("127.0.0.1 is refused"), heads) == (CutCode.REFUSED, True, [])


async def test_a_proxy_does_not_lead_to_a_forbidden_address() -> None:
    async with http_proxy() as (port, heads):
        error = await refusal(Dialer(LOOPBACK), "10.0.0.1", 80, through(port))
        assert (error.code, heads) == (CutCode.REFUSED, [])


async def test_a_name_that_resolves_inward_is_refused_behind_a_public_proxy_too(public_proxy) -> None:
    async with http_proxy() as (port, heads):
        error = await refusal(Dialer(LOOPBACK, Names("10.0.0.1")), "rebind.example", 80, through(port))
        assert (error.detail, heads) == ("rebind.example is refused: private address", [])


@pytest.mark.parametrize(
    "lists", [Lists(allow=("198.51.100.0/24", "127.0.0.1")), Lists(deny=("192.0.2.7",)), Lists(deny=("192.0.2.0/28",))]
)
@pytest.mark.parametrize("whose", ["the work's", "the operator's"])
async def test_a_proxy_lifts_no_network_of_a_list(public_proxy, lists, whose) -> None:
    policy = Policy(OPEN.exceptions, Patterns.of(lists.allow), Patterns.of(lists.deny))
    async with http_proxy() as (port, heads):
        dialer = Dialer(policy if whose == "the operator's" else OPEN, FAR)
        way = through(port, lists if whose == "the work's" else Lists())
        error = await refusal(dialer, "far.example", 80, way)
        assert (error.detail.startswith("far.example is refused"), heads) == (True, [])


async def test_a_public_proxy_is_told_the_name(public_proxy) -> None:
    async with http_proxy() as (port, heads):
        (await Dialer(OPEN, FAR).open("Far.Example.", 443, through(port))).close()
        assert heads[0].startswith(b"CONNECT far.example:443 HTTP/1.1\r\n")


async def test_a_public_proxy_is_told_the_judged_address_where_a_list_names_networks(public_proxy) -> None:
    async with http_proxy() as (port, heads):
        way = through(port, Lists(deny=("198.51.100.0/24",)))
        (await Dialer(OPEN, FAR).open("far.example", 443, way)).close()
        assert heads[0].startswith(b"CONNECT 192.0.2.7:443 HTTP/1.1\r\n")


async def test_a_proxy_inside_is_told_the_judged_address() -> None:
    """It could resolve the name to another address inside."""
    async with http_proxy() as (port, heads):
        (await Dialer(OPEN, FAR).open("far.example", 443, through(port))).close()
        assert heads[0].startswith(b"CONNECT 192.0.2.7:443 HTTP/1.1\r\n")


async def test_a_name_that_a_public_proxy_alone_knows_is_left_to_it(public_proxy) -> None:
    async with http_proxy() as (port, heads):
        (await Dialer(OPEN, nothing).open("far.example", 443, through(port))).close()
        assert heads[0].startswith(b"CONNECT far.example:443 ")


async def test_a_name_that_a_proxy_inside_alone_knows_is_unreachable() -> None:
    async with http_proxy() as (port, heads):
        error = await refusal(Dialer(OPEN, nothing), "far.example", 443, through(port))
        assert (error.code, "does not resolve" in error.detail, heads) == (CutCode.UNREACHABLE, True, [])


# --- the SOCKS5 guard, used as an upstream proxy of a second dialler: both speak with an independent reading -------


@asynccontextmanager
async def guard(policy: Policy) -> AsyncIterator[SocksGuard]:
    socks = SocksGuard(Dialer(policy))
    await socks.start()
    try:
        yield socks
    finally:
        await socks.stop()


async def test_a_connection_through_the_guard_reaches_the_target() -> None:
    async with target(b"x" * 50) as port, guard(LOOPBACK) as socks:
        way = Way(proxy=Secret(f"socks5://127.0.0.1:{socks.port}"))
        assert await ask(await Dialer(LOOPBACK).open("127.0.0.1", port, way)) == b"x" * 50
        assert socks.why_not("", "127.0.0.1", port) is None


async def test_the_guard_refuses_and_tells_why() -> None:
    async with guard(Policy()) as socks:
        way = Way(proxy=Secret(f"socks5://127.0.0.1:{socks.port}"))
        error = await refusal(Dialer(LOOPBACK), "127.0.0.1", 9, way)
        assert "answered 2" in error.detail
        why = socks.why_not("", "127.0.0.1", 9)
        assert why is not None
        assert "loopback" in why.detail


async def test_the_user_name_of_a_connection_is_its_way() -> None:
    async with target() as port, guard(LOOPBACK) as socks:
        socks.add_way("w1", Way(Lists(deny=("127.0.0.1",))))
        with_way = Way(proxy=Secret(f"socks5://w1:x@127.0.0.1:{socks.port}"))
        assert "answered 2" in (await refusal(Dialer(LOOPBACK), "127.0.0.1", port, with_way)).detail
        unknown = Way(proxy=Secret(f"socks5://w2:x@127.0.0.1:{socks.port}"))
        assert "user" in (await refusal(Dialer(LOOPBACK), "127.0.0.1", port, unknown)).detail


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"\x04\x01\x00", b"\x05\xff"),
        (b"\x05\x01\x01", b"\x05\xff"),
        (b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50", b"\x05\x00\x05\x07"),
        (b"\x05\x01\x00\x05\x01\x00\x09\x7f\x00\x00\x01\x00\x50", b"\x05\x00\x05\x08"),
        (b"\x05\x01\x00" + b"x" * 2000, b""),
    ],
    ids=["not SOCKS5", "no method", "BIND", "unknown address kind", "too long"],
)
async def test_the_guard_ends_what_it_does_not_understand(said, answer) -> None:
    async with guard(LOOPBACK) as socks:
        reader, writer = await asyncio.open_connection("127.0.0.1", socks.port)
        writer.write(said)
        try:
            got = await reader.read()
        except ConnectionResetError:
            got = b""
        assert got.startswith(answer)
        writer.close()
