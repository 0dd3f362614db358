"""Takes orders in: what breaks no rule is committed, with its request's key, and is this process's to work on at once.

Requests that come while a commit is under way go into the next one together (`storage.grouped`). How many may wait is
bounded, and so is how far the runner may fall behind: an order that could only be looked at when it has expired is
refused at the door, where its client can still do something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp import idempotency
from hedgerow.abp.candidates import Standing
from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.offers import Offer, Offers
from hedgerow.abp.orders import AbpOrder, NewOrder, PriceRule, expiry
from hedgerow.abp.repository import AbpOrders, Lease
from hedgerow.abp.routing import Candidate
from hedgerow.abp.runner import Runner
from hedgerow.abp.validation import DUPLICATE, NOT_AVAILABLE, Asked, Situation, why_declined
from hedgerow.abp.view import View
from hedgerow.core.clock import Clock
from hedgerow.core.errors import ApiError
from hedgerow.core.ids import ClientName, FixtureId, MarketId, MarketKey, OutcomeId, PlayerId
from hedgerow.core.tracing import present
from hedgerow.feed.catalogue import Catalogue
from hedgerow.storage.database import Database
from hedgerow.storage.grouped import FullError, Grouped

_MOST_AT_ONCE = 200
_MOST_WAITING = 2_000
"""Orders: what a busy process takes in within a second or two."""
MOST_IN_REQUEST = 100
_TRY_AGAIN_S = "1"

_Claimed = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as the API takes it, its shape checked. bookmakers: None for all."""

    request_uuid: str
    fixture_id: FixtureId
    outcome_id: OutcomeId
    player_id: PlayerId
    price: Decimal
    stake: Decimal
    user_ref: str
    is_test: bool
    bookmakers: frozenset[str] | None
    currency: str
    is_back: bool
    expires_at: datetime | None
    accepts_better: bool
    accepts_partial: bool
    price_rule: PriceRule
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declined:
    request: OrderRequest
    reason: str


@dataclass(frozen=True, slots=True)
class _Request:
    """What one call asks for. cause: its traceparent."""

    client: ClientName
    key_bookmakers: frozenset[str] | None
    orders: Sequence[OrderRequest]
    cause: str


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a group is judged by, as one transaction sees it. free: on the clients' accounts; claimed: requests,
    (client, UUID), that orders have already; view: of the moment in which all of it is judged."""

    is_emergency: bool
    free: Mapping[int, Decimal]
    claimed: _Claimed
    view: View


class Intake:
    """One process's door for orders."""

    def __init__(
        self,
        database: Database,
        orders: AbpOrders,
        desks: Desks,
        offers: Offers,
        view: View,
        catalogue: Catalogue,
        runner: Runner,
        clock: Clock,
    ) -> None:
        self._database, self._orders, self._desks, self._offers = database, orders, desks, offers
        self._view, self._catalogue, self._runner, self._clock = view, catalogue, runner, clock
        self._requests = Grouped(
            "orders that come in",
            self._take,
            most=_MOST_AT_ONCE,
            waiting=_MOST_WAITING,
            size=lambda request: len(request.orders),
        )

    async def place(
        self, client: ClientName, key_bookmakers: frozenset[str] | None, orders: Sequence[OrderRequest]
    ) -> list[AbpOrder | Declined]:
        """Accepts or declines each, in the order given; what is accepted is committed. key_bookmakers: those that the
        API key may use, None for all. Raises ApiError 503 when too many wait, StorageError."""
        try:
            return await self._requests.write(_Request(client, key_bookmakers, orders, present().traceparent))
        except FullError:
            raise _full() from None

    def check_room(self) -> None:
        """Raises ApiError 503 when a request of full size would be turned away: who asks need not read it then."""
        if self._requests.waiting > _MOST_WAITING - MOST_IN_REQUEST:
            raise _full()

    async def _take(self, requests: Sequence[_Request]) -> list[list[AbpOrder | Declined]]:
        await self._runner.wait_for_room()
        began_at = asyncio.get_running_loop().time()
        async with self._database.transaction() as connection:
            facts = await self._facts(connection, requests)
            judged = [[self._judge(request, order, facts) for order in request.orders] for request in requests]
            new = [answer for answers in judged for answer in answers if isinstance(answer, NewOrder)]
            lease = self._runner.lease_for(len(new))
            written = await self._insert(connection, new, lease)
        if lease is not None:
            causes = (
                request.cause
                for request, answers in zip(requests, judged, strict=True)
                for answer in answers
                if isinstance(answer, NewOrder)
            )
            begun = zip(written, causes, strict=True)
            self._runner.begin([(order, cause) for order, cause in begun if order is not None], began_at)
        else:
            self._runner.look()
        return _answers(requests, judged, written)

    async def _facts(self, connection: Connection[Any], requests: Sequence[_Request]) -> _Facts:
        asked = [(request.client, order.request_uuid) for request in requests for order in request.orders]
        return _Facts(
            await self._orders.is_emergency(connection),
            await free_of(connection, {request.client for request in requests}),
            set(await idempotency.known(connection, asked, self._clock.now())),
            self._view.of_now(),
        )

    async def _insert(
        self, connection: Connection[Any], new: Sequence[NewOrder], lease: Lease | None
    ) -> list[AbpOrder | None]:
        """The orders as they are written; None for one whose request another process has taken meanwhile."""
        if not new:
            return []
        orders = await self._orders.number(connection, new)
        claimed = await idempotency.claim(connection, orders, self._clock.now())
        await self._orders.insert(connection, [order for order in orders if order.order_id in claimed], lease)
        return [order if order.order_id in claimed else None for order in orders]

    # --- judging ---------------------------------------------------------------------------------------------------

    def _judge(self, request: _Request, order: OrderRequest, facts: _Facts) -> NewOrder | Declined:
        """What becomes of an order if nobody else takes its request first."""
        key = (request.client, order.request_uuid)
        if key in facts.claimed:
            return Declined(order, DUPLICATE)
        bookmakers = _both(request.key_bookmakers, order.bookmakers)
        expires_at = expiry(self._clock.now(), order.expires_at)
        market_id = self._catalogue.of_outcome(order.outcome_id)
        candidates = () if market_id is None else _candidates(request.client, order, market_id, facts)
        asked = Asked(
            order.price,
            order.stake,
            order.currency,
            self._desks.currency(order.currency, self._offers.rates),
            bookmakers,
            order.is_back,
            order.accepts_partial,
            expires_at is not None,
        )
        reason = why_declined(asked, self._situation(request.client, candidates, is_emergency=facts.is_emergency))
        if reason is not None or expires_at is None or market_id is None:
            return Declined(order, reason or NOT_AVAILABLE)
        facts.claimed.add(key)
        return _accepted(request.client, order, market_id, bookmakers, expires_at)

    def _situation(self, client: str, candidates: Sequence[Candidate], *, is_emergency: bool) -> Situation:
        desks = self._desks.of(client)
        codes, bookmakers = {desk.row.currency for desk in desks}, {desk.row.venue for desk in desks}
        return Situation(
            is_emergency,
            frozenset(bookmakers),
            frozenset(one for one in bookmakers if not self._desks.terms_of(one).is_active),
            frozenset(code for code in codes if self._desks.currency(code, self._offers.rates) is None),
            candidates,
        )


def _full() -> ApiError:
    return ApiError(503, "Too many orders are waiting; try again", {"Retry-After": _TRY_AGAIN_S})


def _candidates(client: str, order: OrderRequest, market_id: MarketId, facts: _Facts) -> tuple[Candidate, ...]:
    market = MarketKey(order.fixture_id, market_id, order.player_id)
    return facts.view.candidates(client, market, order.outcome_id, standing_of(facts.free), is_back=order.is_back)


def standing_of(free: Mapping[int, Decimal]) -> Callable[[Desk, Offer], Standing]:
    """How accounts stand for somebody who has bet nothing on the offer yet. free: what can be bet, by account."""
    zero = Decimal(0)
    return lambda desk, _: Standing(free.get(desk.row.account_id, zero), zero, desk.failure_rate)


async def free_of(connection: Connection[Any], clients: Collection[str]) -> dict[int, Decimal]:
    """What can be bet on the clients' accounts, by account, as the ledger has it now."""
    rows = await connection.fetch(
        """select b.account_id, b.amount from abp_balances b join accounts a using (account_id, currency)
           where a.client = any($1) and b.place = 'free'""",
        list(clients),
    )
    return {row["account_id"]: row["amount"] for row in rows}


def _accepted(
    client: ClientName,
    order: OrderRequest,
    market_id: MarketId,
    bookmakers: frozenset[str] | None,
    expires_at: datetime,
) -> NewOrder:
    return NewOrder(
        client,
        order.request_uuid,
        order.user_ref,
        order.fixture_id,
        market_id,
        order.outcome_id,
        order.player_id,
        order.is_back,
        order.price,
        order.stake,
        order.currency,
        bookmakers,
        order.accepts_better,
        order.accepts_partial,
        order.price_rule,
        order.is_test,
        expires_at,
        order.meta,
    )


def _answers(
    requests: Sequence[_Request],
    judged: Sequence[Sequence[NewOrder | Declined]],
    written: Sequence[AbpOrder | None],
) -> list[list[AbpOrder | Declined]]:
    """For each request what became of its orders. written: of those that were to be accepted, one after the other."""
    left = iter(written)
    return [
        [
            answer if isinstance(answer, Declined) else next(left) or Declined(order, DUPLICATE)
            for order, answer in zip(request.orders, answers, strict=True)
        ]
        for request, answers in zip(requests, judged, strict=True)
    ]


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """Those in both; None stands for all."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
