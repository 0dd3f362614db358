"""Bets that are taken, and those that must not be: BR-05 to BR-08, BR-13, BR-14, BR-23."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal

import msgspec

from hedgerow.bridging import wire
from hedgerow.bridging.conformance.bench import Bench, new_reference, told
from hedgerow.bridging.conformance.cases import NotRunError, case
from hedgerow.bridging.wire import Bet, BetRequest, Capability, State
from hedgerow.core.claims import DisprovedError, expect, expect_same, only
from hedgerow.core.clock import iso_of_ms

_AT_ONCE = 20
_LATE_MS = 60_000


@case("BR-05")
async def a_bet_is_the_same_where_it_is_placed_read_and_listed(bench: Bench) -> None:
    before = await bench.last_revision()
    reference, request = new_reference(), await bench.request()
    put = (await bench.put(reference, request)).read(Bet, 201)
    expect_same("the reference", put.reference, reference)
    expect_same("what was requested", put.requested, wire.Money(request.stake, request.limit_price))
    read = await bench.decided(reference)
    listed = only("times the bet is listed", [bet for bet in await bench.changes(before) if bet.reference == reference])
    expect(put.revision > before, f"the revision went from {before} to {put.revision}")
    expect(listed.revision >= read.revision >= put.revision, "the revision goes back")
    expect_same("the listed bet", _kept(listed), _kept(read))
    expect_same("the state of a bet at the offered price", told(read), State.ACCEPTED)
    _expect_within(read, request)
    second = await bench.placed()
    expect(second.revision > listed.revision, f"a second bet's revision {second.revision} is not above the first's")
    later = {bet.reference for bet in await bench.changes(listed.revision)}
    expect_same("what is listed after the first bet", later, {second.reference})


@case("BR-06")
async def twenty_requests_of_one_reference_are_one_bet(bench: Bench) -> None:
    before, free = await bench.last_revision(), await bench.free()
    reference, request = new_reference(), await bench.request()
    answers = await asyncio.gather(*(bench.put(reference, request) for _ in range(_AT_ONCE)))
    statuses = Counter(answer.status for answer in answers)
    expect_same("how the requests were answered", dict(statuses), {201: 1, 200: _AT_ONCE - 1})
    bet = await bench.decided(reference)
    only("times the bet is listed", [seen for seen in await bench.changes(before) if seen.reference == reference])
    expect(len(bet.bookmaker_bet_ids) <= 1, f"the bookmaker has {len(bet.bookmaker_bet_ids)} bets")
    staked = free - await bench.free()
    stake = Decimal(bet.placed.stake) if bet.placed else Decimal(0)
    expect(staked <= stake, f"{staked} were staked, the bet's stake is {stake}")


@case("BR-07")
async def a_reference_is_never_another_bets(bench: Bench) -> None:
    reference, request = new_reference(), await bench.request()
    (await bench.put(reference, request)).read(Bet, 201)
    first = await bench.decided(reference)
    other = msgspec.structs.replace(request, stake=wire.amount(Decimal(request.stake) * 2))
    (await bench.put(reference, other)).problem(409, "reference_conflict")
    expect_same("the first bet", _kept(await bench.bet(reference)), _kept(first))


@case("BR-08")
async def a_bet_that_is_too_late_is_never_sent(bench: Bench) -> None:
    free = await bench.free()
    bet = await bench.placed(await bench.request(not_after=iso_of_ms(bench.clock.now_ms() - _LATE_MS)))
    expect_same("a late bet", told(bet), f"{State.REJECTED}: expired")
    expect_same("sentAt", bet.sent_at, None)
    expect_same("the free money", await bench.free(), free)


@case("BR-13")
async def a_stake_above_the_most_is_refused_or_cut(bench: Bench) -> str | None:
    offer = await bench.quote()
    request = await bench.request()
    if offer.max_stake is None:
        raise NotRunError("its offers tell no highest stake")
    most = Decimal(offer.max_stake)
    request = msgspec.structs.replace(request, stake=wire.amount(most * 2))
    await _expect_none(bench, request, "stake_too_high")
    if not bench.has(Capability.PARTIAL):
        return "refused; it declares no capability to cut a stake"
    cut = await bench.placed(msgspec.structs.replace(request, fill="up_to"))
    expect_same("the state of a bet up to the most", told(cut), State.ACCEPTED)
    if cut.placed is None:
        raise DisprovedError("an accepted bet has no placed stake")
    expect(0 < Decimal(cut.placed.stake) <= most, f"{cut.placed.stake} were placed, the most is {most}")
    return None


@case("BR-14")
async def a_worse_price_than_the_limit_is_not_taken(bench: Bench) -> None:
    request = await bench.request()
    wanted = wire.amount(Decimal(request.limit_price) * 2)
    await _expect_none(bench, msgspec.structs.replace(request, limit_price=wanted), "price_changed")


@case("BR-23", Capability.LAY)
async def a_lay_bet_holds_its_liability_and_gives_it_back(bench: Bench) -> None:
    selection = await bench.offered(wire.Status.VOID)
    free = await bench.free()
    bet = await bench.accepted(await bench.request(selection, "lay"))
    if bet.placed is None:
        raise DisprovedError("an accepted bet has no placed price")
    liability = Decimal(bet.placed.stake) * (Decimal(bet.placed.price) - 1)
    expect_same("what a lay bet holds", free - await bench.free(), liability)
    await bench.have("settle", kind=wire.Status.VOID, reference=bet.reference)
    await bench.until(
        lambda: bench.bet(bet.reference), lambda seen: seen.settlement.status is wire.Status.VOID, "the bet is void"
    )
    expect_same("the free money after it was void", await bench.free(), free)


async def _expect_none(bench: Bench, request: BetRequest, code: str) -> None:
    """The bet is rejected for the reason, and nothing is staked."""
    free = await bench.free()
    bet = await bench.placed(request)
    expect_same("the bet", told(bet), f"{State.REJECTED}: {code}")
    expect_same("the bookmaker's bets of a rejected one", bet.bookmaker_bet_ids, [])
    expect_same("the free money", await bench.free(), free)


def _expect_within(bet: Bet, request: BetRequest) -> None:
    """What was placed is within what was asked for."""
    if bet.placed is None:
        raise DisprovedError("an accepted bet has no placed price")
    stake, price = Decimal(bet.placed.stake), Decimal(bet.placed.price)
    expect(price >= Decimal(request.limit_price), f"{price} was taken, the limit was {request.limit_price}")
    expect_same("the placed stake", stake, Decimal(request.stake))


def _kept(bet: Bet) -> tuple[object, ...]:
    """What does not change any more once a bet is decided, until it is settled."""
    return bet.state, bet.requested, bet.placed, bet.bookmaker_bet_ids, bet.rejection, bet.sent_at
