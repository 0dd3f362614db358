"""Streams over real sockets: a wire is cut in the middle, and nothing is lost, told twice, or left unsaid."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from tests.abp.abpkit import taken
from tests.abp.routes.apikit import KEY
from tests.client.wirekit import There
from tests.patience import PATIENCE_S

from hedgerow.abp.app import create_app
from hedgerow.abp.validation import DUPLICATE
from hedgerow.api.server import Server
from hedgerow.client import AsyncClient, Client, Gap, Message, Reconnects, Retries, Service
from hedgerow.client.abp.models import (
    AccountResponse,
    AccountUpdateRequest,
    BetResponse,
    OrderChange,
    PlaceOrderRequest,
    PlaceOrdersRequest,
)
from hedgerow.client.errors import StreamEndedError
from hedgerow.client.ids import FixtureId, OutcomeId
from hedgerow.client.streams import AsyncStream
from hedgerow.core.tasks import spawn
from hedgerow.realtime import subscriptions


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


QUICKLY = Reconnects(first_s=0.01, longest_s=0.05, give_up_after_s=10)


async def take(stream: AsyncStream, count: int) -> list[Message]:
    """The next messages; a gap among them fails."""
    async with asyncio.timeout(PATIENCE_S):
        found = [await anext(stream) for _ in range(count)]
    assert all(isinstance(one, Message) for one in found), found
    return [one for one in found if isinstance(one, Message)]


def order_ids(messages: list[Message]) -> list[int]:
    return [one.payload["orderId"] for one in messages]


async def test_cut_wire_loses_and_repeats_nothing(there: There) -> None:
    made: list[int] = []
    async with AsyncClient(abp=there.service) as client, client.abp.stream("orders", reconnects=QUICKLY) as stream:
        made += [await there.order() for _ in range(3)]
        found = await take(stream, 2)
        for _ in range(3):
            await there.cut()
            made += [await there.order() for _ in range(2)]
            found += await take(stream, 1)
        there.wire.is_down = True
        there.wire.cut()
        made += [await there.order() for _ in range(3)]
        there.wire.is_down = False
        found += await take(stream, len(made) - len(found))
        assert order_ids(found) == made
        assert [one.seq for one in found] == list(range(1, len(made) + 1))
        assert len({one.subscription for one in found}) == 1
        assert there.wire.connections == 5


async def test_changes_read_as_models_with_every_field(there: There) -> None:
    async with AsyncClient(abp=there.service) as client, client.abp.stream() as stream:
        order = await there.api.desk.order()
        bet = taken(await there.api.desk.bet(order))
        async with there.api.database.transaction() as connection:
            await there.api.desk.bets.save_answer(connection, bet)
        await there.api.database.execute("update bets set settlement = 'WON', payout = 20")
        await client.abp.update_account("pinnacle", "pinnacle_main", AccountUpdateRequest(priority=3))
        kinds = {"orders": OrderChange, "bets": BetResponse, "settlements": BetResponse, "accounts": AccountResponse}
        seen: set[str] = set()
        while seen != set(kinds):
            (message,) = await take(stream, 1)
            if message.channel in kinds:
                read = message.read(kinds[message.channel])
                assert {camel(name) for name in read.__struct_fields__} == set(message.payload)
                seen.add(message.channel)
        assert message.read(AccountResponse).priority == 3


async def test_what_was_not_done_with_is_told_again_to_the_next_stream(there: There) -> None:
    async with AsyncClient(abp=there.service) as client:
        with suppress(ZeroDivisionError):
            async with client.abp.stream("orders") as stream:
                made = [await there.order() for _ in range(3)]
                await take(stream, 2)
                raise ZeroDivisionError
        assert stream.position is not None
        assert stream.position.last_seq == 1
        async with client.abp.stream("orders", resume=stream.position) as again:
            assert order_ids(await take(again, 2)) == made[1:]


async def test_first_message_is_acknowledged_while_the_second_is_worked_on(
    there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "_TICK_S", 0.05)
    async with AsyncClient(abp=there.service) as client, client.abp.stream("orders") as stream:
        for _ in range(3):
            await there.order()
        _, second = await take(stream, 2)
        async with asyncio.timeout(PATIENCE_S):
            query = "select seq from ws_bookmarks where subscription_id = $1"
            while await there.api.database.fetchval(query, second.subscription) != 1:  # noqa: ASYNC110 - another's table
                await asyncio.sleep(0.02)


async def test_key_is_in_no_log(there: There, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with AsyncClient(abp=there.service) as client, client.abp.stream("orders"):
        await client.abp.list_accounts()
    ours = [
        one for one in caplog.records if one.name.startswith(("hedgerow.client", "httpx", "httpcore", "websockets"))
    ]
    assert ours
    assert not [one.name for one in ours if KEY in one.getMessage()]


async def test_stream_that_is_not_open_says_so(there: There) -> None:
    async with AsyncClient(abp=there.service) as client:
        with pytest.raises(RuntimeError, match="async with"):
            await anext(client.abp.stream("orders"))


async def test_by_hand_nothing_is_acknowledged_that_was_not_named(there: There) -> None:
    async with AsyncClient(abp=there.service) as client:
        async with client.abp.stream("orders", is_automatic=False) as stream:
            made = [await there.order() for _ in range(3)]
            first, _, third = await take(stream, 3)
            await stream.acknowledge(first, third)
        assert stream.position is not None
        async with client.abp.stream("orders", is_automatic=False, resume=stream.position) as again:
            made.append(await there.order())
            assert order_ids(await take(again, 2)) == [made[1], made[3]]


@pytest.fixture
async def other(there: There) -> AsyncIterator[Server]:
    """Another process's API on the same database."""
    found = Server(create_app(there.api.app.state.context), "127.0.0.1", 0)
    await found.start()
    yield found
    await found.stop()


async def test_stream_goes_on_in_another_process(there: There, other: Server) -> None:
    async with AsyncClient(abp=there.service) as client, client.abp.stream("orders", reconnects=QUICKLY) as stream:
        made = [await there.order() for _ in range(2)]
        found = await take(stream, 1)
        there.wire.target_port = other.port
        await there.cut()
        made.append(await there.order())
        found += await take(stream, 2)
    assert order_ids(found) == made


async def test_subscription_that_is_gone_is_told_as_a_gap(there: There, other: Server) -> None:
    async with AsyncClient(abp=there.service) as client, client.abp.stream("orders", reconnects=QUICKLY) as stream:
        await there.order()
        await take(stream, 1)
        there.wire.target_port = other.port
        await there.api.database.execute("delete from ws_bookmarks")
        await there.cut()
        async with asyncio.timeout(PATIENCE_S):
            gap = await anext(stream)
        assert isinstance(gap, Gap)
        assert "could not be resumed" in gap.why
        made = await there.order()
        assert order_ids(await take(stream, 1)) == [made]


async def test_unreliable_stream_tells_a_gap_after_a_cut(there: There) -> None:
    async with (
        AsyncClient(abp=there.service) as client,
        client.abp.stream("orders", is_reliable=False, reconnects=QUICKLY) as stream,
    ):
        await there.order()
        await take(stream, 1)
        await there.cut()
        async with asyncio.timeout(PATIENCE_S):
            assert isinstance(await anext(stream), Gap)
        made = await there.order()
        assert order_ids(await take(stream, 1)) == [made]


async def test_wrong_key_and_wrong_channel_are_refused_at_once(there: There) -> None:
    wrong = Service(there.service.url, str(uuid.uuid4()))
    async with AsyncClient(abp=wrong) as client:
        with pytest.raises(StreamEndedError, match="Invalid API key"):
            async with client.abp.stream():
                pass
    async with AsyncClient(abp=there.service) as client:
        with pytest.raises(StreamEndedError, match="Unknown channel: odds"):
            async with client.abp.stream("odds"):
                pass


async def test_service_that_stays_away_ends_the_stream(there: There) -> None:
    soon = Reconnects(first_s=0.01, longest_s=0.02, give_up_after_s=0.3)
    async with AsyncClient(abp=there.service) as client, client.abp.stream("orders", reconnects=soon) as stream:
        there.wire.is_down = True
        there.wire.cut()
        with pytest.raises(StreamEndedError, match="no connection"):
            async with asyncio.timeout(PATIENCE_S):
                await anext(stream)


async def test_stream_without_awaiting_goes_on_after_a_cut(there: There) -> None:
    made: list[int] = []
    found: list[int] = []

    def follow() -> None:
        with Client(abp=there.service) as client, client.abp.stream("orders", reconnects=QUICKLY) as stream:
            started.set()
            for item in stream:
                assert isinstance(item, Message), item
                found.append(item.payload["orderId"])
                if len(found) == 6:
                    break

    started = threading.Event()
    following = spawn(asyncio.to_thread(follow), "a program that does not await")
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.to_thread(started.wait)
        for _ in range(3):
            await there.cut()
            made += [await there.order(), await there.order()]
        await following
    assert found == made


# --- lost answers ----------------------------------------------------------------------------------------------------


def placement() -> PlaceOrdersRequest:
    order = PlaceOrderRequest(
        fixture_id=FixtureId("id1200231461061419"),
        outcome_id=OutcomeId(121),
        order_price=2,
        order_stake=5,
        user_ref="a",
        test_order=False,
    )
    return PlaceOrdersRequest(orders=[order])


@pytest.mark.parametrize("way", ["awaited", "called"])
async def test_lost_answer_of_a_placement_is_found_and_not_placed_twice(there: There, way: str) -> None:
    body = placement()
    request = str(body.orders[0].request_uuid)
    there.wire.lose_answer = lambda: there.api.placing.reasons.update({request: DUPLICATE})
    retries = Retries(first_pause_s=0.01)
    if way == "awaited":
        async with AsyncClient(abp=there.service, retries=retries) as client:
            answer = await client.abp.place_orders(body)
    else:
        with Client(abp=there.service, retries=retries) as plain:
            answer = await asyncio.to_thread(plain.abp.place_orders, body)
    assert [one.request_uuid for one in answer.accepted_orders] == [request]
    assert there.wire.lose_answer is None
    assert await there.api.database.fetchval("select count(*) from abp_orders") == 1
