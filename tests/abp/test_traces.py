"""The traces of orders, as a collector has them."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import FastAPI
from tests.otlpkit import collecting, facts

from hedgerow.abp.orders import AbpOrder
from hedgerow.api.door import FrontDoor
from hedgerow.core.tracing import span

from .runkit import ACME, Floor, intake_of, request

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HIDDEN = "hunter2secretvalue"


async def test_order_is_one_tree_from_its_request_to_the_bookmakers_answer(floor: Floor) -> None:
    intake = intake_of(floor, await floor.runner())
    app = FastAPI()
    app.add_middleware(FrontDoor, service="abp")
    accepted: list[AbpOrder] = []

    @app.post("/place-orders")
    async def place() -> None:
        answers = await intake.place(ACME, None, [request(floor)])
        accepted.extend(answer for answer in answers if isinstance(answer, AbpOrder))

    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-API-Key": HIDDEN, "tracestate": f"vendor={HIDDEN}"}
    with collecting("abp") as collector:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://abp", headers=headers) as http:
            await http.post(f"/place-orders?token={HIDDEN}", content=HIDDEN)
        (order,) = accepted
        await floor.ended(order)
        await floor.started[0][0].stop()

    assert collector.paths == {"/v1/traces"}
    assert collector.services == {"hedgerow-abp"}
    assert collector.tree("POST /place-orders") == (
        "POST /place-orders",
        [("abp.order", [("abp.decide", []), ("bet.attempt", [("venue.request", []), ("venue.request", [])])])],
    )
    requests = [facts(one) for one in collector.spans if one.name == "venue.request"]
    assert {(one["hedgerow.venue"], one["http.response.status_code"]) for one in requests} == {("pinnacle", 200)}
    assert "place" in {one["hedgerow.operation"] for one in requests}
    asked = collector.named("POST /place-orders")
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (TRACE, PARENT)
    assert facts(asked)["http.route"] == "/place-orders"
    tried = facts(collector.named("bet.attempt"))
    bet_id = await floor.database.fetchval("select bet_id from bets where order_id = $1", order.order_id)
    assert (tried["hedgerow.order_id"], tried["hedgerow.bet_id"]) == (order.order_id, bet_id)
    assert (tried["hedgerow.venue"], tried["hedgerow.status"]) == ("pinnacle", "CONFIRMED")
    assert facts(collector.named("abp.order"))["hedgerow.status"] == "FILLED"
    assert not [body for body in collector.bodies if HIDDEN.encode() in body]


async def test_orders_of_requests_that_come_together_are_parts_of_their_own(floor: Floor) -> None:
    intake = intake_of(floor, await floor.runner())

    async def place(name: str) -> None:
        with span(name, "server", parent=""):
            await intake.place(ACME, None, [request(floor)])

    names = [f"request {number}" for number in range(4)]
    with collecting("abp") as collector:
        await asyncio.gather(*map(place, names))
        await floor.started[0][0].stop()

    for name in names:
        _, parts = collector.tree(name)
        assert [part for part, _ in parts] == ["abp.order"]
