"""Placing bets and telling of them: Trading v3.

Source: `trading.proto` (PublicBetRequest, PublicBetResponse, AcceptPriceChange) and `response.proto` (Status);
issue #120 for what a refusal answers.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Annotated, Any, Literal

import msgspec

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import cloudbet_ids
from hedgerow.sim.bookmaker import ABOVE_MAXIMUM, BELOW_MINIMUM, PRICE, Bet, Bookmaker
from hedgerow.sim.dialects.cloudbet.offer import Offer, Selection
from hedgerow.sim.dialects.cloudbet.terms import Terms
from hedgerow.sim.dialects.cloudbet.wire import Call, Denial, malformed
from hedgerow.sim.orders import CLOSED, FUNDS, SCRIPTED, Rejection, State
from hedgerow.sim.world import Fixture, World

Json = dict[str, Any]

_Amount = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,18})?$")]

REFUSALS = {
    CLOSED: "MARKET_SUSPENDED",
    PRICE: "PRICE_ABOVE_MARKET",
    ABOVE_MAXIMUM: "STAKE_ABOVE_MAX",
    BELOW_MINIMUM: "STAKE_BELOW_MIN",
    FUNDS: "INSUFFICIENT_FUNDS",
}
_SCRIPTABLE = frozenset(
    {*REFUSALS.values(), "LIABILITY_LIMIT_EXCEEDED", "RESTRICTED", "VERIFICATION_REQUIRED", "MALFORMED_REQUEST"}
)
_BROKEN = "INTERNAL_SERVER_ERROR"

_SETTLED = {
    SettlementStatus.WON: "WIN",
    SettlementStatus.LOST: "LOSS",
    SettlementStatus.HALF_WON: "HALF_WIN",
    SettlementStatus.HALF_LOST: "HALF_LOSS",
    SettlementStatus.VOID: "PUSH",
}
_LEAST_PRICE = Decimal("1.01")
_LARGEST_PAGE = 100
_COIN = Decimal("0.00000001")


class BetRequest(msgspec.Struct, frozen=True, rename="camel"):
    """PublicBetRequest, as protojson: members with the value zero may be left out."""

    reference_id: str
    stake: _Amount
    price: _Amount
    event_id: str
    market_url: str
    currency: str
    side: Literal["BACK", "LAY"] = "BACK"
    accept_price_change: Literal["NONE", "ALL", "BETTER"] = "NONE"
    customer_reference: str = ""


@dataclass(slots=True)
class Slip:
    """What is known under a reference: the bet, or why there is none. price, stake: as the answer tells them."""

    request: BetRequest
    fixture: Fixture | None
    at_ms: int
    price: Decimal
    stake: Decimal
    bet: Bet | None = None
    refusal: str = ""


class Trading:
    """Answers of the trading calls."""

    def __init__(self, world: World, book: Bookmaker, offer: Offer, terms: Terms) -> None:
        self._world, self._book, self._offer, self._terms = world, book, offer, terms
        self._slips: dict[tuple[str, str], Slip] = {}

    def clear(self) -> None:
        self._slips.clear()

    # --- placing ---------------------------------------------------------------------------------------------

    def place(self, call: Call) -> tuple[Json, bool]:
        """The answer, and whether a bet was taken. Raises Denial for a request that makes no bet and is not kept."""
        request = _read(call.body)
        key = call.account, request.reference_id.lower()
        if key in self._slips:
            raise Denial(400, "DUPLICATE_REQUEST", "the reference was sent before")
        fixture = self._offer.fixture(request.event_id)
        selection = None if fixture is None else self._offer.selection(fixture, request.market_url)
        if selection is None or request.side != "BACK":
            raise malformed("invalid market URL" if selection is None else "only BACK is supported")
        price, stake = Decimal(request.price), Decimal(request.stake)
        slip = Slip(request, fixture, self._world.clock.now_ms(), price, stake)
        slip.refusal = self._refusal(slip, selection)
        if not slip.refusal:
            self._take(call.account, slip, selection)
        if slip.refusal == _BROKEN:
            raise Denial(500, _BROKEN, "unexpected error")
        self._slips[key] = slip
        return _placed(slip), slip.bet is not None

    def _refusal(self, slip: Slip, selection: Selection) -> str:
        """What speaks against the bet before its price is looked at; empty for nothing."""
        if self._terms.is_restricted:
            return "RESTRICTED"
        if slip.request.currency != self._book.currency:
            return "INSUFFICIENT_FUNDS"
        least, most = self._limits(selection)
        if selection.quote.is_open and slip.stake > most:
            slip.stake = most
            return "STAKE_ABOVE_MAX"
        if selection.quote.is_open and slip.stake < least:
            slip.stake = least
            return "STAKE_BELOW_MIN"
        return ""

    def _limits(self, selection: Selection) -> tuple[Decimal, Decimal]:
        """Of the account, in its currency."""
        rate = self._world.currencies["EUR"]
        least, most = self._offer.limits_eur(selection)
        return (least / rate).quantize(_COIN), (most * self._terms.account_share / rate).quantize(_COIN, ROUND_DOWN)

    def _take(self, account: str, slip: Slip, selection: Selection) -> None:
        request = slip.request
        takes_any = request.accept_price_change == "ALL"
        try:
            slip.bet = self._book.place(
                account,
                selection.quote.outcome,
                slip.stake,
                reference=request.reference_id,
                least_price=_LEAST_PRICE if takes_any else slip.price,
                takes_better=request.accept_price_change != "NONE",
                delay_s=self._terms.pending_s,
                bet_id=request.reference_id,
            )
        except Rejection as rejection:
            scripted = str(rejection) if str(rejection) in (*_SCRIPTABLE, _BROKEN) else "MARKET_SUSPENDED"
            slip.refusal = scripted if rejection.why == SCRIPTED else REFUSALS[rejection.why]
            if slip.refusal == "PRICE_ABOVE_MARKET" and selection.quote.price is not None:
                slip.price = selection.quote.price
        else:
            slip.price, slip.stake = slip.bet.price, slip.bet.stake

    # --- reading ---------------------------------------------------------------------------------------------

    def status(self, call: Call) -> Json:
        """Raises Denial (404)."""
        slip = self._slips.get((call.account, call.named("reference").lower()))
        if slip is None:
            raise Denial(404, "MALFORMED_REQUEST", "bet not found")
        return _told(slip)

    def history(self, call: Call) -> Json:
        """Bets that were taken or wait, newest first."""
        limit, offset = min(call.number("limit", 20), _LARGEST_PAGE), call.number("offset", 0)
        slips = [slip for (account, _), slip in self._slips.items() if account == call.account and slip.bet]
        newest = slips[::-1]
        return {"bets": [_told(slip) for slip in newest[offset : offset + limit]], "totalBets": str(len(newest))}


def status_of(slip: Slip) -> str:
    """Of the Status enumeration."""
    bet = slip.bet
    if bet is None:
        return slip.refusal
    match bet.state:
        case State.PENDING:
            return "PENDING_ACCEPTANCE"
        case State.REJECTED:
            return "MARKET_SUSPENDED"
        case State.SETTLED:
            return _SETTLED[bet.settlement]
        case _:
            return "ACCEPTED"


def _placed(slip: Slip) -> Json:
    """What a placement answers: without the members that only the later answers have (issue #120)."""
    request = slip.request
    return {
        "referenceId": request.reference_id,
        "price": f"{slip.price:f}",
        "eventId": request.event_id,
        "marketUrl": request.market_url,
        "side": "BACK",
        "currency": request.currency,
        "stake": f"{slip.stake:f}",
        "createTime": _time(slip.at_ms),
        "status": status_of(slip),
        "error": "",
    }


def _told(slip: Slip) -> Json:
    """A PublicBetResponse, what is empty left out."""
    fixture, bet = slip.fixture, slip.bet
    names = {} if fixture is None else {"eventName": f"{fixture.participant1_name} V {fixture.participant2_name}"}
    sport = {} if fixture is None else {"sportsKey": cloudbet_ids.SPORT_KEYS[fixture.sport_id]}
    competition = {} if fixture is None else {"competitionId": str(fixture.tournament_id)}
    returned = bet.payout if bet is not None and bet.state is State.SETTLED else Decimal("0.0")
    customer = {"customerReference": slip.request.customer_reference}
    told = {**_placed(slip), "returnAmount": f"{returned:f}", **names, **sport, **competition, **customer}
    return {name: value for name, value in told.items() if value != ""}


def _read(raw: bytes) -> BetRequest:
    """Raises Denial (400) for what is no good request."""
    try:
        request = msgspec.json.decode(raw, type=BetRequest)
        uuid.UUID(request.reference_id)
    except (msgspec.DecodeError, ValueError) as error:
        raise malformed(str(error) or "empty request body") from None
    if Decimal(request.stake) <= 0 or Decimal(request.price) <= 1:
        raise malformed("stake must be positive and price above 1")
    return request


def _time(ms: int) -> str:
    return datetime_of_ms(ms).strftime("%Y-%m-%dT%H:%M:%SZ")
