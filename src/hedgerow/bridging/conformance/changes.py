"""How changes are told, and the pace: BR-17 to BR-19."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec

from hedgerow.bridging import wire
from hedgerow.bridging.conformance.bench import Bench, new_reference
from hedgerow.bridging.conformance.cases import NotRunError, case
from hedgerow.bridging.conformance.client import Answer, Event
from hedgerow.bridging.wire import Bet, BetRequest, Capability
from hedgerow.core.claims import DisprovedError, expect, expect_same
from hedgerow.core.tasks import spawn, stop

_SHORT_S, _LONG_S = 1, 20
_MOST_TRIES = 5
_AT_ONCE_S = 5.0
_EVENT_S = 20.0
_MOST_BETS = 1_500
_MINUTE_S = 60.0
_AT_A_TIME = 8


@case("BR-17")
async def waiting_for_a_change_ends_with_it_or_in_time(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    request, (last, took_s) = await bench.request(), await _quiet(bench)
    expect(_SHORT_S * 0.9 <= took_s <= _SHORT_S + _AT_ONCE_S, f"it waited {took_s:.1f} s for {_SHORT_S} s")
    waiting = spawn(bench.call("GET", f"{bench.bets}?after={last}&wait={_LONG_S}"), "conformance waits for a change")
    try:
        await asyncio.sleep(0.2)
        began, reference = loop.time(), new_reference()
        (await bench.put(reference, request)).read(Bet, 201)
        told = (await waiting).read(wire.Changes)
    finally:
        await stop(waiting)
    expect(loop.time() - began < _AT_ONCE_S, f"a change was told after {loop.time() - began:.1f} s")
    expect(told.bets, f"nothing was told within {_LONG_S} s of a bet that was placed meanwhile")
    expect(reference in [bet.reference for bet in told.bets], "another change was told, and not the new bet")


async def _quiet(bench: Bench) -> tuple[int, float]:
    """The last revision, and how long a question after a change took that did not come. Raises NotRunError where
    something always changes, such as the results of other cases' bets."""
    loop = asyncio.get_running_loop()
    for _ in range(_MOST_TRIES):
        last, began = await bench.last_revision(), loop.time()
        told = (await bench.call("GET", f"{bench.bets}?after={last}&wait={_SHORT_S}")).read(wire.Changes)
        if not told.bets:
            return last, loop.time() - began
    raise NotRunError("other bets of the account change all the time")


@case("BR-18", Capability.EVENTS)
async def events_go_on_where_they_ended(bench: Bench) -> None:
    async with bench.client.events() as events:
        first = await bench.placed()
        seen = await _until_told(events, first.reference, await _revision(bench, first.reference))
    second = await bench.placed()
    async with bench.client.events(seen[-1].id) as events:
        later = await _until_told(events, second.reference, await _revision(bench, second.reference))
    expect(all(bet.reference != first.reference for bet in map(_bet, later)), "an event came twice")
    async with bench.client.events(seen[0].id) as events:
        again = await _until_told(events, second.reference, await _revision(bench, second.reference))
    expect(_revisions(again)[0] > _revisions(seen)[0], "an event came twice")


async def _revision(bench: Bench, reference: str) -> int:
    return (await bench.bet(reference)).revision


async def _until_told(events: AsyncIterator[Event], reference: str, revision: int) -> list[Event]:
    """The events of bets until one tells this of the bet. Raises DisprovedError where it does not come, and for ids
    that do not grow or are not `<account>/<revision>`."""
    told: list[Event] = []
    try:
        async with asyncio.timeout(_EVENT_S):
            async for event in events:
                if event.name != "bet":
                    continue
                told.append(event)
                bet = _bet(event)
                expect_same("the event's id", event.id, f"{bet.account}/{bet.revision}")
                if bet.reference == reference and bet.revision >= revision:
                    break
    except TimeoutError:
        raise DisprovedError(f"no event told of the bet within {_EVENT_S:.0f} s") from None
    revisions = _revisions(told)
    expect(revisions == sorted(set(revisions)), f"events came out of order, or twice: {revisions[:20]}")
    expect(told and _bet(told[-1]).reference == reference, "the stream ended before it told of the bet")
    return told


def _bet(event: Event) -> Bet:
    try:
        return wire.decode(event.data, Bet)
    except ValueError as error:
        raise DisprovedError(f"an event holds no Bet: {error}") from None


def _revisions(events: list[Event]) -> list[int]:
    return [_bet(event).revision for event in events]


@case("BR-19", is_late=True)
async def above_its_pace_it_says_when_to_come_again_and_loses_no_bet(bench: Bench) -> None:
    most = bench.info.pacing.bets_per_minute
    if most > _MOST_BETS:
        raise NotRunError(f"it would take more than {most} bets in a minute")
    before, request = await bench.last_revision(), await bench.request()
    # At a price that nobody offers: a bet that is taken in, rejected, and costs nothing.
    request = msgspec.structs.replace(request, limit_price=wire.amount(Decimal(request.limit_price) * 2))
    taken, turned_away = await _hurried(bench, request, most + _AT_A_TIME)
    if not turned_away:
        raise DisprovedError(f"{len(taken)} bets were taken in, {most} in a minute are its pace")
    for reference, answer in turned_away.items():
        problem = answer.problem(429)
        expect_same("the outcome", problem.outcome, "not_placed")
        expect((problem.retry_after_seconds or 0) > 0, "it is not said when to come again")
        expect(await bench.is_unknown(reference), "a bet that was turned away is known")
    known = {bet.reference for bet in await bench.changes(before)}
    expect(taken <= known, f"{len(taken - known)} bets that were taken in are not listed")


async def _hurried(bench: Bench, request: BetRequest, count: int) -> tuple[set[str], dict[str, Answer]]:
    """The references that were taken in, and the answers of those that were not, until there is one such. Raises
    NotRunError where this side is too slow."""
    taken: set[str] = set()
    began = asyncio.get_running_loop().time()
    at_a_time = min(_AT_A_TIME, bench.info.pacing.concurrent_bets)
    while len(taken) < count:
        references = [new_reference() for _ in range(at_a_time)]
        bodies = [bench.client.call("PUT", bench.path(each), wire.encode(request)) for each in references]
        answers = dict(zip(references, await asyncio.gather(*bodies), strict=True))
        turned_away = {reference: answer for reference, answer in answers.items() if answer.status == 429}
        for reference, answer in answers.items():
            if reference not in turned_away:
                answer.read(Bet, 200, 201)
                taken.add(reference)
        if turned_away:
            return taken, turned_away
        if asyncio.get_running_loop().time() - began > _MINUTE_S:
            raise NotRunError(f"only {len(taken)} bets could be sent in a minute, {count} are above its pace")
    return taken, {}
