"""Who the bridge is, who it lets in, what it offers, what it refuses to read: BR-01 to BR-04, BR-20, BR-21, BR-22,
BR-24."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import msgspec

from hedgerow.bridging import wire
from hedgerow.bridging.conformance.bench import Bench, new_reference
from hedgerow.bridging.conformance.cases import NotRunError, case
from hedgerow.bridging.conformance.client import Keys
from hedgerow.bridging.wire import Capability, State
from hedgerow.core.claims import DisprovedError, expect, expect_same
from hedgerow.core.clock import ms_of_iso
from hedgerow.core.secrets import Secret

_LONGEST_QUOTE_S = 30.0
_WITHIN_MS, _BEYOND_MS = 20_000, 60_000
_NOWHERE = "no-such-fixture"


@case("BR-01", places=False)
async def it_says_who_it_is_and_on_what_ground_it_bets(bench: Bench) -> None:
    info = (await bench.call("GET", "/info")).read(wire.Info)
    expect_same("the protocol", info.protocol, wire.PROTOCOL)
    expect(info.access.responsible, "nobody is responsible")
    expect(info.simulated or info.access.basis is not wire.Basis.SIMULATION, "a simulation that is not simulated")
    pace = info.pacing
    expect(min(pace.quotes_per_minute, pace.bets_per_minute, pace.concurrent_bets) >= 1, "its pace takes no requests")
    (await bench.call("GET", "/health")).read(wire.Health)


@case("BR-02", places=False)
async def who_is_not_known_is_not_let_in(bench: Bench) -> str | None:
    right = bench.client.keys
    answer = await bench.client.call("GET", "/accounts", keys=replace(right, token=_spoiled(right.token)))
    answer.problem(401, "unauthorized")
    if right.secret is None:
        return "the token alone: this client signs nothing"
    wrong = replace(right, secret=_spoiled(right.secret))
    (await bench.client.call("GET", "/accounts", keys=wrong)).problem(401, "signature_invalid")
    (await bench.client.call("GET", "/accounts", keys=Keys(right.token))).problem(401, "signature_invalid")
    stale = await bench.client.call("GET", "/accounts", skew_ms=-_BEYOND_MS)
    stale.problem(401, "signature_invalid")
    return None


@case("BR-03", places=False)
async def the_balance_is_in_the_accounts_currency(bench: Bench) -> None:
    accounts = (await bench.call("GET", "/accounts")).read(wire.Accounts).accounts
    listed = [account for account in accounts if account.account == bench.account.account]
    expect_same("how often the account is listed", len(listed), 1)
    balance = await bench.balance()
    expect_same("the balance's currency", balance.currency, listed[0].currency)
    expect(balance.currency in bench.info.currencies, f"{balance.currency} is not among the bridge's currencies")
    ms_of_iso(balance.as_of)


@case("BR-04")
async def an_old_or_unknown_offer_is_never_taken_for_a_worse_price(bench: Bench) -> None:
    nowhere = wire.Selection(_NOWHERE, 1, 0)
    expect_same("the offer of an unknown selection", (await bench.quote(nowhere)).status, "not_offered")
    offer = await bench.quote()
    left_s = (ms_of_iso(offer.expires_at) - bench.clock.now_ms()) / 1000
    if left_s > _LONGEST_QUOTE_S:
        raise NotRunError(f"its offers live {left_s:.0f} s; one was not waited for")
    await asyncio.sleep(max(0.0, left_s) + 0.05)
    request = await bench.request(quote_id=offer.quote_id)
    reference = new_reference()
    answer = await bench.put(reference, request)
    if 400 <= answer.status < 500:
        expect_same("the outcome", answer.read(wire.Problem, answer.status).outcome, "not_placed")
        return
    answer.read(wire.Bet, 200, 201)
    bet = await bench.decided(reference)
    if bet.state is State.ACCEPTED:
        if bet.placed is None:
            raise DisprovedError("an accepted bet has no placed price")
        expect(
            Decimal(bet.placed.price) >= Decimal(request.limit_price),
            f"it was placed at {bet.placed.price}, below the limit {request.limit_price}",
        )
    else:
        expect_same("the state", bet.state, State.REJECTED)


@case("BR-20")
async def what_it_does_not_know_in_a_bet_it_refuses(bench: Bench) -> None:
    reference = new_reference()
    body = {**msgspec.to_builtins(await bench.request()), "surprise": True}
    answer = await bench.call("PUT", bench.path(reference), wire.encode(body))
    expect_same("the outcome", answer.problem(422, "malformed").outcome, "not_placed")
    expect(await bench.is_unknown(reference), "a bet that was refused as malformed is known all the same")


@case("BR-21", places=False, is_late=True)
async def no_answer_tells_a_secret(bench: Bench) -> None:
    token = bench.client.keys.token.reveal()
    await bench.client.call("GET", f"/accounts/{token}/balance")
    await bench.client.call("PUT", bench.path(new_reference()), wire.encode({"token": token}))
    expect(not bench.client.leaks, "; ".join(bench.client.leaks))


@case("BR-22", Capability.ODDS, places=False)
async def odds_from_too_long_ago_begin_anew(bench: Bench) -> None:
    first = (await bench.call("GET", "/odds")).read(wire.OddsPage)
    expect(first.snapshot, "odds without a cursor are no snapshot")
    (await bench.call("GET", "/odds?cursor=long-gone")).read(wire.Problem, 410)
    again = (await bench.call("GET", "/odds")).read(wire.OddsPage)
    expect(again.snapshot, "no snapshot after 410")


@case("BR-24", places=False)
async def a_clock_that_is_a_little_off_is_right_and_one_far_off_is_told(bench: Bench) -> None:
    if bench.client.keys.secret is None:
        raise NotRunError("without signatures no clocks are compared (--hmac-secret)")
    for skew_ms in (-_WITHIN_MS, _WITHIN_MS):
        (await bench.client.call("GET", "/accounts", skew_ms=skew_ms)).read(wire.Accounts)
    for skew_ms in (-_BEYOND_MS, _BEYOND_MS):
        (await bench.client.call("GET", "/accounts", skew_ms=skew_ms)).problem(401, "signature_invalid")


def _spoiled(secret: Secret) -> Secret:
    """Another one of the same length."""
    text = secret.reveal()
    return Secret(text[:-1] + ("0" if text[-1:] != "0" else "1"))
