"""The end of doubt: fences, a connection that is cut, a process that dies. BR-09 to BR-12."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from hedgerow.bridging import wire
from hedgerow.bridging.conformance.bench import LONGEST_S, Bench, new_reference, told
from hedgerow.bridging.conformance.cases import NotRunError, case
from hedgerow.bridging.conformance.client import Answer
from hedgerow.bridging.wire import Bet, BetRequest, State
from hedgerow.core.claims import DisprovedError, expect, expect_same, only
from hedgerow.core.tasks import spawn, stop

_LATER_S = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""So long after a placement it is fenced, in the hope that it waits then."""
_HOLD_S = 2
_RESTART_LOOK_S = 0.2


@case("BR-09")
async def a_fenced_reference_is_never_placed(bench: Bench) -> None:
    reference, request = new_reference(), await bench.request()
    expect_same("the fence of an unknown bet", (await bench.fence(reference)).outcome, "not_placed")
    (await bench.put(reference, request)).problem(410, "fenced")
    expect(await bench.is_unknown(reference), "a bet that was fenced is known all the same")


@case("BR-10")
async def a_fence_withdraws_a_bet_or_finds_it_and_never_both(bench: Bench) -> str | None:
    try:
        await bench.have("hold", seconds=str(_HOLD_S))
    except NotRunError as error:
        seen = [await _fenced_in_flight(bench, await bench.request(), later_s) for later_s in _LATER_S]
        if any(seen):
            return None
        raise NotRunError(f"no bet was PENDING when it was fenced, and {error}") from None
    try:
        reference, request = new_reference(), await bench.request()
        put = (await bench.put(reference, request)).read(Bet, 201)
        expect_same("the state of a bet that waits", told(put), State.PENDING)
        await _expect_truth(bench, reference, request, await bench.fence(reference))
    finally:
        await bench.have("hold", seconds="0")
    return None


async def _fenced_in_flight(bench: Bench, request: BetRequest, later_s: float) -> bool:
    """Places, and fences before that is answered. Answers whether the bet was fenced while it was PENDING."""
    reference = new_reference()
    placing = spawn(bench.put(reference, request), "conformance places")
    try:
        await asyncio.sleep(later_s)
        result = await bench.fence(reference)
        put = await placing
    finally:
        await stop(placing)
    was_pending = result.outcome == "withdrawn" or (result.bet is not None and result.bet.state is State.PENDING)
    if result.outcome == "not_placed":
        put.problem(410, "fenced")
    else:
        put.read(Bet, 200, 201)
    await _expect_truth(bench, reference, request, result)
    return was_pending


@case("BR-11")
async def a_fence_tells_the_truth_of_a_bet_whose_answer_was_lost(bench: Bench) -> None:
    reference, request = new_reference(), await bench.request()
    await bench.client.cut("PUT", bench.path(reference), wire.encode(request))
    await _expect_truth(bench, reference, request, await bench.fence(reference))


@case("BR-12")
async def a_bridge_that_dies_before_it_sends_knows_afterwards_what_became_of_the_bet(bench: Bench) -> None:
    before, free = await bench.last_revision(), await bench.free()
    reference, request = new_reference(), await bench.request()
    await bench.have("crash")
    try:
        await bench.client.call("PUT", bench.path(reference), wire.encode(request))
    except DisprovedError:
        pass  # it died
    finally:
        await bench.have("restart")
    await _running(bench)
    if not await bench.is_unknown(reference):
        bet = await bench.decided(reference)
        expect(bet.revision > before, f"the revision went back to {bet.revision}")
        expect(len(bet.bookmaker_bet_ids) == (bet.state is State.ACCEPTED), f"{told(bet)}: {bet.bookmaker_bet_ids}")
    await _expect_truth(bench, reference, request, await bench.fence(reference))
    staked = free - await bench.free()
    expect(staked <= Decimal(request.stake), f"{staked} were staked for one bet of {request.stake}")


async def _running(bench: Bench) -> None:
    """Waits for the bridge to answer again."""
    try:
        async with asyncio.timeout(LONGEST_S):
            while not await _answers(bench):  # noqa: ASYNC110 - a process has no event for it
                await asyncio.sleep(_RESTART_LOOK_S)
    except TimeoutError:
        raise DisprovedError(f"it did not come back within {LONGEST_S:.0f} s") from None


async def _answers(bench: Bench) -> bool:
    try:
        return (await bench.client.call("GET", "/info")).status == 200
    except DisprovedError:
        return False


async def _expect_truth(bench: Bench, reference: str, request: BetRequest, result: wire.FenceResult) -> None:
    """What a fence said stays true: a bet that is not there never comes, one that is there is one."""
    if result.outcome == "exists":
        bet = await bench.decided(reference)
        again = (await bench.put(reference, request)).read(Bet, 200)
        expect_same("the bet that is placed once more", again.bookmaker_bet_ids, bet.bookmaker_bet_ids)
        only("times the bet is listed", [seen for seen in await bench.changes() if seen.reference == reference])
        return
    expect_refused_for_good(await bench.put(reference, request))
    if result.outcome == "withdrawn":
        bet = await bench.decided(reference)
        expect_same("a bet that was withdrawn", (told(bet), bet.sent_at), (f"{State.REJECTED}: withdrawn", None))
        expect_same("the bookmaker's bets of a withdrawn one", bet.bookmaker_bet_ids, [])
    else:
        expect(await bench.is_unknown(reference), "a bet that is not there is known")


def expect_refused_for_good(answer: Answer) -> None:
    expect_same("the outcome", answer.problem(410, "fenced").outcome, "not_placed")
